//! Four actors and the model: tells the actors what to do at random, and the model the same.

use crate::actor::{Actor, Answer, Command, MAX_GUARDS, PLACES, Shared};
use crate::model::{Model, Number};
use crate::random::Random;
use std::sync::{Arc, Mutex};

const ACTORS: usize = 4;
/// Calls that an actor can be in at once.
const MAX_CALLS: usize = 6;

/// One call of an actor: the scope it is in, and its guards.
struct Call {
    kind: Kind,
    /// The scope that the actor is in; closed ones count nothing.
    current: Option<Number>,
    guards: Vec<Number>,
}

#[derive(Clone, Copy)]
enum Kind {
    Base,
    Excluded,
    /// By a handle, of this scope.
    Inside(Number),
    /// The future at a place.
    Poll(usize),
    /// A future in the scope of a handle.
    PollIn(Number),
}

struct Future {
    scope: Number,
    is_polled: bool,
}

/// Everything.
pub(crate) struct Stage {
    model: Model,
    calls: [Vec<Call>; ACTORS],
    handles: Vec<Option<Number>>,
    futures: Vec<Option<Future>>,
    compared: u64,
    actors: [Actor; ACTORS],
    // Dropped after the actors.
    _shared: Arc<Mutex<Shared>>,
}

impl Stage {
    pub(crate) fn open() -> Self {
        let none = || std::array::from_fn(|_| None);
        let shared =
            Shared { blocks: none(), handles: std::array::from_fn(|_| None), futures: std::array::from_fn(|_| None) };
        let shared = Arc::new(Mutex::new(shared));
        let base = || vec![Call { kind: Kind::Base, current: None, guards: Vec::new() }];
        Self {
            model: Model::default(),
            calls: std::array::from_fn(|_| base()),
            handles: vec![None; PLACES],
            futures: (0..PLACES).map(|_| None).collect(),
            compared: 0,
            actors: std::array::from_fn(|_| Actor::start(&shared)),
            _shared: shared,
        }
    }

    /// One random event.
    pub(crate) fn step(&mut self, random: &mut Random) {
        let actor = random.below(ACTORS);
        let place = random.below(PLACES);
        match random.below(100) {
            0..10 => self.open_guard(actor),
            10..19 => self.close_guard(actor, random),
            19..45 => self.allocate(actor, place, random.size(12)),
            45..55 => self.reallocate(actor, place, random.size(12)),
            55..72 => self.free(actor, place),
            72..77 => self.make_handle(actor, place % 16, random),
            77..79 => self.drop_handle(actor, place % 16),
            79..84 => self.enter(actor, place % 16),
            84..86 => self.exclude(actor),
            86..88 => self.make_future(actor, place % 12),
            88..92 => self.poll(actor, place % 12),
            92..93 => self.poll_in(actor, place % 16),
            93..94 => self.drop_future(actor, place % 12),
            _ => self.leave(actor, random.once_in(3)),
        }
        self.check();
    }

    /// Ends every call and closes every guard. Returns how many sets of figures were compared.
    pub(crate) fn close(mut self) -> u64 {
        for actor in 0..ACTORS {
            while self.calls[actor].len() > 1 {
                self.leave(actor, false);
            }
            self.close_all_guards(actor);
        }
        for place in 0..PLACES {
            self.drop_handle(0, place);
            self.drop_future(0, place);
            self.free(0, place);
        }
        self.check();
        let figures = heaplens::completeness();
        assert_eq!((figures.foreign_frees, figures.uncaptured_events, figures.evicted_scopes), (0, 0, 0));
        self.compared
    }

    fn call(&mut self, actor: usize) -> &mut Call {
        self.calls[actor].last_mut().expect("a call")
    }

    fn current(&self, actor: usize) -> Option<Number> {
        self.calls[actor].last().and_then(|call| call.current)
    }

    fn open_guard(&mut self, actor: usize) {
        if self.call(actor).guards.len() == MAX_GUARDS {
            return;
        }
        self.actors[actor].tell(Command::Open);
        let scope = self.model.open(self.current(actor));
        let call = self.call(actor);
        call.current = Some(scope);
        call.guards.push(scope);
    }

    fn close_guard(&mut self, actor: usize, random: &mut Random) {
        let guards = self.call(actor).guards.len();
        if guards > 0 {
            // Mostly the innermost one.
            let guard = if random.once_in(5) { random.below(guards) } else { guards - 1 };
            self.close_guard_at(actor, guard);
        }
    }

    /// Closes a guard, and with it those inside of it, if the actor is in it.
    fn close_guard_at(&mut self, actor: usize, guard: usize) {
        let scope = self.call(actor).guards.remove(guard);
        if self.model.scopes[scope].is_open {
            let inner = self.call(actor).guards[guard..].to_vec();
            for inner in inner.into_iter().rev() {
                if self.model.scopes[inner].is_open {
                    self.model.close(inner);
                    self.model.scopes[inner].completeness.misplaced_guards += 1;
                    self.model.scopes[scope].completeness.misplaced_guards += 1;
                }
            }
            let parent = self.model.scopes[scope].parent;
            self.model.close(scope);
            let open = self.model.nearest_open(parent);
            self.call(actor).current = open;
        }
        let answer = self.actors[actor].tell(Command::Close(guard));
        self.compare_measured(scope, &answer);
    }

    fn close_all_guards(&mut self, actor: usize) {
        while let Some(last) = self.call(actor).guards.len().checked_sub(1) {
            self.close_guard_at(actor, last);
        }
    }

    fn compare_measured(&mut self, scope: Number, answer: &Answer) {
        let measured = answer.measured.as_ref().expect("a measurement");
        let expected = &self.model.scopes[scope];
        assert_eq!(measured.stats(), expected.expected.figures, "scope {scope} at its end");
        assert_eq!(measured.completeness(), expected.completeness, "scope {scope} at its end");
        assert_eq!((measured.unattached_threads(), measured.unattached_blocks()), (0, 0));
        self.compared += 1;
    }

    fn allocate(&mut self, actor: usize, block: usize, size: usize) {
        if !self.model.has(block) {
            self.actors[actor].tell(Command::Allocate(block, size));
            self.model.allocate(actor, self.current(actor), block, size);
        }
    }

    fn reallocate(&mut self, actor: usize, block: usize, size: usize) {
        if self.model.has(block) && self.model.size(block) != size {
            let answer = self.actors[actor].tell(Command::Reallocate(block, size));
            self.model.reallocate(actor, self.current(actor), block, size, answer.moved);
        }
    }

    fn free(&mut self, actor: usize, block: usize) {
        if self.model.has(block) {
            self.actors[actor].tell(Command::Free(block));
            self.model.free(actor, block);
        }
    }

    fn make_handle(&mut self, actor: usize, place: usize, random: &mut Random) {
        if self.handles[place].is_some() {
            return;
        }
        let guards = self.call(actor).guards.clone();
        if guards.is_empty() || random.once_in(2) {
            let answer = self.actors[actor].tell(Command::CurrentHandle(place));
            assert_eq!(answer.is_some, self.current(actor).is_some(), "there is a handle where there is a scope");
            self.handles[place] = self.current(actor);
        } else {
            let guard = random.below(guards.len());
            self.actors[actor].tell(Command::HandleOf(guard, place));
            self.handles[place] = Some(guards[guard]);
        }
    }

    fn drop_handle(&mut self, actor: usize, place: usize) {
        if self.handles[place].take().is_some() {
            self.actors[actor].tell(Command::DropHandle(place));
        }
    }

    fn begin_call(&mut self, actor: usize, command: Command, kind: Kind, current: Option<Number>) {
        if self.calls[actor].len() < MAX_CALLS {
            self.actors[actor].tell(command);
            match kind {
                Kind::Inside(scope) | Kind::PollIn(scope) => self.model.scopes[scope].inside += 1,
                Kind::Poll(place) => self.futures[place].as_mut().expect("a future").is_polled = true,
                Kind::Base | Kind::Excluded => {}
            }
            self.calls[actor].push(Call { kind, current, guards: Vec::with_capacity(MAX_GUARDS) });
        }
    }

    fn enter(&mut self, actor: usize, place: usize) {
        if let Some(scope) = self.handles[place] {
            self.late_entry(actor, scope);
            self.begin_call(actor, Command::Enter(place), Kind::Inside(scope), Some(scope));
        }
    }

    fn poll_in(&mut self, actor: usize, place: usize) {
        if let Some(scope) = self.handles[place] {
            self.late_entry(actor, scope);
            self.begin_call(actor, Command::PollIn(place), Kind::PollIn(scope), Some(scope));
        }
    }

    /// Entering a closed scope is told to the scopes in which that happens.
    fn late_entry(&mut self, actor: usize, scope: Number) {
        if self.calls[actor].len() < MAX_CALLS && !self.model.scopes[scope].is_open {
            let mut around = self.current(actor);
            while let Some(number) = around {
                let scope = &mut self.model.scopes[number];
                if scope.is_open {
                    scope.completeness.late_entries += 1;
                }
                around = scope.parent;
            }
        }
    }

    fn exclude(&mut self, actor: usize) {
        self.begin_call(actor, Command::Exclude, Kind::Excluded, None);
    }

    fn make_future(&mut self, actor: usize, place: usize) {
        if self.futures[place].is_none() {
            self.actors[actor].tell(Command::Future(place));
            let scope = self.model.open(self.current(actor));
            self.futures[place] = Some(Future { scope, is_polled: false });
            self.model.allocated_another(actor);
            self.come_back(actor);
        }
    }

    /// After a visit the actor is in the nearest scope that is still open.
    fn come_back(&mut self, actor: usize) {
        let open = self.model.nearest_open(self.current(actor));
        self.call(actor).current = open;
    }

    fn poll(&mut self, actor: usize, place: usize) {
        if let Some(Future { scope, is_polled: false }) = self.futures[place] {
            self.begin_call(actor, Command::Poll(place), Kind::Poll(place), Some(scope));
        }
    }

    fn drop_future(&mut self, actor: usize, place: usize) {
        if let Some(Future { scope, is_polled: false }) = self.futures[place] {
            self.futures[place] = None;
            self.actors[actor].tell(Command::DropFuture(place));
            self.model.close(scope);
            self.come_back(actor);
        }
    }

    fn leave(&mut self, actor: usize, ready: bool) {
        if self.calls[actor].len() == 1 {
            return;
        }
        self.close_all_guards(actor);
        let call = self.calls[actor].pop().expect("a call");
        let answer = self.actors[actor].tell(Command::Leave { ready });
        match call.kind {
            Kind::Inside(scope) => self.model.scopes[scope].inside -= 1,
            Kind::PollIn(scope) => {
                self.model.scopes[scope].inside -= 1;
                if !ready {
                    self.late_drop(actor, scope);
                }
            }
            Kind::Poll(place) if ready => {
                let Some(Future { scope, .. }) = self.futures[place].take() else { unreachable!() };
                self.model.close(scope);
                self.compare_measured(scope, &answer);
            }
            Kind::Poll(place) => self.futures[place].as_mut().expect("a future").is_polled = false,
            Kind::Base | Kind::Excluded => {}
        }
        self.come_back(actor);
    }

    /// What is dropped unfinished enters once more.
    fn late_drop(&mut self, actor: usize, scope: Number) {
        self.come_back(actor);
        self.late_entry(actor, scope);
    }

    /// Every open guard, wherever it is, has the figures that it should have.
    fn check(&mut self) {
        for (actor, calls) in self.calls.iter().enumerate() {
            for (guard, scope) in calls.iter().flat_map(|call| &call.guards).enumerate() {
                let stats = self.actors[actor].tell(Command::Read(guard)).stats.expect("figures");
                assert_eq!(stats, self.model.scopes[*scope].expected.figures, "scope {scope} of actor {actor}");
                self.compared += 1;
            }
        }
    }
}
