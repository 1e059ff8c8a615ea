//! Finds the rule of one return address in a module's unwind tables (`.eh_frame`, by way of `.eh_frame_hdr`), with gimli.
//!
//! Nothing is allocated: gimli's working memory is a fixed part of the stack, and a table that asks for more has no rule.
//! Formats: <https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/ehframechg.html>.

use super::rule::Rule;
use super::wide::{self, Base, Cfa, SavedBp, Wide};
use crate::sys::modules::Tables;
use core::slice;
use gimli::{
    BaseAddresses, CfaRule, EhFrame, EhFrameHdr, Encoding, EndianSlice, Format, LittleEndian, Operation, Pointer,
    Register, RegisterRule, UnwindContext, UnwindContextStorage, UnwindExpression, UnwindSection, UnwindTableRow,
};

type Bytes = EndianSlice<'static, LittleEndian>;

/// Room for the registers that a function saves (six, and the return address), and for rows that it puts aside.
///
/// The stack that an allocation needs is mostly this; `tests/stack_use.rs`. A function that saves more has no rule.
struct OnStack;

impl UnwindContextStorage<usize> for OnStack {
    type Rules = [(Register, RegisterRule<usize>); 10];
    type Stack = [UnwindTableRow<usize, Self>; 2];
}

// Numbers of registers: System V ABI, AMD64 supplement, figure 3.36.
const RBP: Register = Register(6);
const RSP: Register = Register(7);
const RETURN_ADDRESS: Register = Register(16);

const ENCODING: Encoding = Encoding { address_size: 8, format: Format::Dwarf32, version: 4 };

/// The rule for the frame whose callee returns to `return_address`, by the tables of its module.
#[cold]
pub(super) fn rule_of(return_address: u64, tables: Tables) -> Rule {
    find(return_address, tables).unwrap_or(Rule::NONE)
}

fn find(return_address: u64, tables: Tables) -> Option<Rule> {
    // A call is the last instruction of its function if the callee never returns, so that the byte before counts.
    let address = return_address.wrapping_sub(1);
    let bases = BaseAddresses::default().set_eh_frame_hdr(tables.header);
    let header = EhFrameHdr::new(bytes(tables.header, tables.end)?, LittleEndian).parse(&bases, 8).ok()?;
    let Pointer::Direct(start) = header.eh_frame_ptr() else { return None };
    // Both sections lie in one segment; a linker that parts them has no rule here.
    let section = EhFrame::new(bytes(start, tables.end)?, LittleEndian);
    let bases = bases.set_eh_frame(start);
    let function = header.table()?.fde_for_address(&section, &bases, address, EhFrame::cie_from_offset).ok()?;
    let exact = function.is_signal_trampoline();
    // The kernel's frame saves every register, more than there is room for.
    if exact && returns_from_signal(return_address) {
        return Some(Rule::SIGNAL);
    }
    let mut context = UnwindContext::<usize, OnStack>::new_in();
    let row = function.unwind_info_for_address(&section, &bases, &mut context, address).ok()?;
    match form_of(row, &section)? {
        Caller::None => Some(Rule::END),
        Caller::At(form) => {
            Rule::small(&form, exact).or_else(|| wide::intern(&form).map(|index| Rule::wide(&form, index, exact)))
        }
    }
}

/// The memory from one address to another.
fn bytes(start: u64, end: u64) -> Option<&'static [u8]> {
    let length = end.checked_sub(start).filter(|length| *length > 0 && start != 0)?;
    // SAFETY: a part of a module's image, which the loader mapped and does not unmap while code of the module is on this
    // thread's stack. Tables are never written to.
    Some(unsafe { slice::from_raw_parts(core::ptr::with_exposed_provenance(start as usize), length as usize) })
}

/// What a row says of the caller.
enum Caller {
    /// There is none.
    None,
    At(Wide),
}

fn form_of(row: &UnwindTableRow<usize, OnStack>, section: &EhFrame<Bytes>) -> Option<Caller> {
    let return_at = match row.register(RETURN_ADDRESS) {
        Some(RegisterRule::Offset(offset)) => i32::try_from(offset).ok()?,
        Some(RegisterRule::Undefined) => return Some(Caller::None),
        _ => return None,
    };
    let bp = match row.register(RBP) {
        None | Some(RegisterRule::Undefined | RegisterRule::SameValue) => SavedBp::Unchanged,
        Some(RegisterRule::Offset(offset)) => SavedBp::AtCfa(i32::try_from(offset).ok()?),
        Some(RegisterRule::Expression(expression)) => match address_of(&expression, section)? {
            Cfa { base, offset, behind: None } => SavedBp::At(base, offset),
            Cfa { .. } => return None,
        },
        Some(_) => return None,
    };
    let cfa = match row.cfa() {
        CfaRule::RegisterAndOffset { register, offset } => {
            Cfa { base: base_of(*register)?, offset: i32::try_from(*offset).ok()?, behind: None }
        }
        CfaRule::Expression(expression) => address_of(expression, section)?,
    };
    Some(Caller::At(Wide { cfa, return_at, bp }))
}

fn base_of(register: Register) -> Option<Base> {
    match register {
        RSP => Some(Base::Sp),
        RBP => Some(Base::Bp),
        _ => None,
    }
}

/// An expression of the form "register plus constant", or "the word there, plus constant".
fn address_of(expression: &UnwindExpression<usize>, section: &EhFrame<Bytes>) -> Option<Cfa> {
    let mut operations = expression.get(section).ok()?.operations(ENCODING);
    let mut cfa = match operations.next().ok()?? {
        Operation::RegisterOffset { register, offset, .. } => {
            Cfa { base: base_of(register)?, offset: i32::try_from(offset).ok()?, behind: None }
        }
        _ => return None,
    };
    while let Some(operation) = operations.next().ok()? {
        match operation {
            Operation::Deref { size: 8, space: false, .. } if cfa.behind.is_none() => cfa.behind = Some(0),
            Operation::PlusConstant { value } => {
                let sum = cfa.behind.as_mut().unwrap_or(&mut cfa.offset);
                *sum = sum.checked_add(i32::try_from(value as i64).ok()?)?;
            }
            _ => return None,
        }
    }
    Some(cfa)
}

/// Whether the code at an address is what the kernel makes signal handlers return to: `mov $15, %rax; syscall`.
///
/// The tables mark other frames the same way, so that the mark alone says nothing about where the registers are.
fn returns_from_signal(address: u64) -> bool {
    const RETURN: [u8; 9] = [0x48, 0xC7, 0xC0, 0x0F, 0, 0, 0, 0x0F, 0x05];
    // SAFETY: code of a module that is on this thread's stack. The instruction that it returns to is there, and the nine
    // bytes are inside of the function that the tables describe.
    let code = unsafe { core::ptr::with_exposed_provenance::<[u8; 9]>(address as usize).read_unaligned() };
    code == RETURN
}
