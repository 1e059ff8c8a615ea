//! One of the threads: does what it is told, one thing at a time, and allocates nothing but the blocks that it is told to.
//!
//! Being inside of a handle's scope, or in a poll, is a call: the commands until [`Command::Leave`] are done inside of it.

use crate::held::Held;
use heaplens::{MeasureFuture, Measured, Measurement, MemoryScope, MemoryStats, ScopeHandle};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::{self, JoinHandle};

/// Guards that one call can have at once.
pub(crate) const MAX_GUARDS: usize = 8;
/// Places for each kind of thing that all threads share.
pub(crate) const PLACES: usize = 64;

/// What an actor can be told to do. Numbers are places.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Command {
    Open,
    /// Closes a guard of the innermost call.
    Close(usize),
    /// The figures of a guard of a call: counted from the outermost call and its oldest guard.
    Read(usize),
    Allocate(usize, usize),
    Reallocate(usize, usize),
    Free(usize),
    /// A handle of a guard of the innermost call.
    HandleOf(usize, usize),
    /// A handle of the scope that the thread is in.
    CurrentHandle(usize),
    DropHandle(usize),
    Enter(usize),
    Exclude,
    Future(usize),
    Poll(usize),
    /// Polls a future of its own in a handle's scope.
    PollIn(usize),
    DropFuture(usize),
    /// Ends the innermost call; what is polled is then ready or not.
    Leave {
        ready: bool,
    },
    End,
}

/// What comes back.
#[derive(Default)]
pub(crate) struct Answer {
    pub(crate) stats: Option<MemoryStats>,
    pub(crate) measured: Option<Measurement>,
    pub(crate) moved: usize,
    pub(crate) is_some: bool,
}

/// What all threads can reach.
pub(crate) struct Shared {
    pub(crate) blocks: [Option<Held>; PLACES],
    pub(crate) handles: [Option<ScopeHandle>; PLACES],
    pub(crate) futures: [Option<Pin<Box<Measured<Told>>>>; PLACES],
}

/// A future whose polls do what the polling thread is told.
pub(crate) struct Told;

struct Place {
    state: Mutex<(Option<Command>, Option<Answer>)>,
    changed: Condvar,
}

/// A thread that does what it is told.
pub(crate) struct Actor {
    place: Arc<Place>,
    thread: Option<JoinHandle<()>>,
}

/// The inside of an actor: where its commands come from, and its open guards, by call.
struct Inside {
    place: Arc<Place>,
    shared: Arc<Mutex<Shared>>,
    /// Every open guard, the outermost call's first.
    guards: Vec<Option<MemoryScope>>,
}

thread_local! {
    /// The inside of this thread's actor, while it polls.
    static POLLS: std::cell::Cell<Option<*mut Inside>> = const { std::cell::Cell::new(None) };
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Actor {
    pub(crate) fn start(shared: &Arc<Mutex<Shared>>) -> Self {
        let place = Arc::new(Place { state: Mutex::new((None, None)), changed: Condvar::new() });
        let (its_place, shared) = (Arc::clone(&place), Arc::clone(shared));
        let thread = thread::spawn(move || {
            // The thread's first free is of no scope.
            drop(Held::new(1));
            let guards = Vec::with_capacity(16 * MAX_GUARDS);
            let mut inside = Inside { place: its_place, shared, guards };
            inside.obey();
        });
        Self { place, thread: Some(thread) }
    }

    /// Has a command done and returns the answer.
    pub(crate) fn tell(&self, command: Command) -> Answer {
        let mut state = lock(&self.place.state);
        state.0 = Some(command);
        self.place.changed.notify_all();
        let wait = self.place.changed.wait_while(state, |state| state.1.is_none());
        wait.unwrap_or_else(PoisonError::into_inner).1.take().expect("an answer")
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        // After a failure the actor is in the middle of something, and ends with the process.
        if let Some(thread) = self.thread.take().filter(|_| !thread::panicking()) {
            self.tell(Command::End);
            thread.join().expect("the actor ends well");
        }
    }
}

impl Inside {
    /// Does what it is told until this call is over. Returns whether what is polled is ready.
    fn obey(&mut self) -> bool {
        let first = self.guards.len();
        loop {
            let command = self.next();
            let mut answer = Answer::default();
            match command {
                Command::End => {
                    self.answer(answer);
                    return true;
                }
                Command::Leave { ready } => {
                    // Innermost first; the stage has closed them all.
                    assert_eq!(self.guards.len(), first, "all guards of the call are closed");
                    return ready;
                }
                Command::Enter(handle) => {
                    let handle = lock(&self.shared).handles[handle].clone().expect("a handle");
                    handle.run(|| {
                        self.answer(Answer::default());
                        self.obey()
                    });
                }
                Command::Exclude => {
                    heaplens::exclude(|| {
                        self.answer(Answer::default());
                        self.obey()
                    });
                }
                Command::Poll(future) => {
                    let mut polled = lock(&self.shared).futures[future].take().expect("a future");
                    let result = self.poll(polled.as_mut());
                    match result {
                        Poll::Ready((ready, measured)) => {
                            assert!(ready);
                            answer.measured = Some(measured);
                        }
                        Poll::Pending => lock(&self.shared).futures[future] = Some(polled),
                    }
                }
                Command::PollIn(handle) => {
                    let handle = lock(&self.shared).handles[handle].clone().expect("a handle");
                    let mut polled = std::pin::pin!(Told.in_scope(&handle));
                    // Not ready: it is dropped unfinished.
                    let _ = self.poll(polled.as_mut());
                }
                other => self.act(other, first, &mut answer),
            }
            self.answer(answer);
        }
    }

    fn poll<F: Future>(&mut self, future: Pin<&mut F>) -> Poll<F::Output> {
        let before = POLLS.replace(Some(self));
        let result = future.poll(&mut Context::from_waker(Waker::noop()));
        POLLS.set(before);
        result
    }

    fn act(&mut self, command: Command, first: usize, answer: &mut Answer) {
        match command {
            Command::Open => self.guards.push(Some(MemoryScope::enter("a guard"))),
            Command::Close(guard) => {
                let scope = self.guards.remove(first + guard).expect("a guard");
                answer.measured = Some(scope.finish());
            }
            Command::Read(guard) => answer.stats = self.guards[guard].as_ref().map(MemoryScope::stats),
            Command::Allocate(block, size) => {
                let held = Held::new(size);
                lock(&self.shared).blocks[block] = Some(held);
            }
            Command::Reallocate(block, size) => {
                let mut held = lock(&self.shared).blocks[block].take().expect("a block");
                answer.moved = held.resize(size);
                lock(&self.shared).blocks[block] = Some(held);
            }
            Command::Free(block) => {
                let held = lock(&self.shared).blocks[block].take();
                drop(held);
            }
            Command::HandleOf(guard, place) => {
                let handle = self.guards[first + guard].as_ref().map(MemoryScope::handle);
                lock(&self.shared).handles[place] = handle;
            }
            Command::CurrentHandle(place) => {
                let handle = ScopeHandle::current();
                answer.is_some = handle.is_some();
                lock(&self.shared).handles[place] = handle;
            }
            Command::DropHandle(place) => lock(&self.shared).handles[place] = None,
            Command::Future(place) => {
                // The box is none of the scope's.
                let measured = Told.measured("a future");
                let boxed = heaplens::exclude(|| Box::pin(measured));
                lock(&self.shared).futures[place] = Some(boxed);
            }
            Command::DropFuture(place) => {
                let future = lock(&self.shared).futures[place].take();
                heaplens::exclude(|| drop(future));
            }
            other => panic!("{other:?} is a call"),
        }
    }

    fn next(&self) -> Command {
        let state = lock(&self.place.state);
        let wait = self.place.changed.wait_while(state, |state| state.0.is_none());
        wait.unwrap_or_else(PoisonError::into_inner).0.take().expect("a command")
    }

    fn answer(&self, answer: Answer) {
        lock(&self.place.state).1 = Some(answer);
        self.place.changed.notify_all();
    }
}

impl Future for Told {
    type Output = bool;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<bool> {
        let inside = POLLS.take().expect("an actor polls");
        // SAFETY: `Inside::poll` borrows it for longer than this call, and does not touch it meanwhile.
        let inside = unsafe { &mut *inside };
        inside.answer(Answer::default());
        if inside.obey() { Poll::Ready(true) } else { Poll::Pending }
    }
}
