//! heaplens under parallel tests. All pass.

mod parallel;

use heaplens::{MemoryScope, ScopeHandle};
use parallel::{Allocated, Tool};

heaplens::install!();

struct Measures;

impl Tool for Measures {
    type Handle = ScopeHandle;

    fn measure(work: impl FnOnce(ScopeHandle)) -> Allocated {
        let scope = MemoryScope::enter("test");
        work(scope.handle());
        let used = scope.finish();
        Allocated { blocks: used.total_blocks, bytes: used.total_bytes }
    }

    fn inside(handle: ScopeHandle, work: impl FnOnce()) {
        handle.run(work);
    }
}

parallel_tests!(crate::Measures);
