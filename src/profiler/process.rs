//! Profiling the whole process, from a line to another.

use super::error::ProfilerError;
use super::sites::{self, About};
use crate::profile::Profile;
use crate::record::own_work::OwnWork;
use crate::record::self_check;
use crate::scope::ScopeError;
use crate::snapshot::Recording;
use crate::spans;
use crate::sys::arena;
use core::sync::atomic::{AtomicBool, Ordering};
use std::borrow::Cow;
use std::time::{Instant, SystemTime};

/// Whether a profiler runs.
static RUNNING: AtomicBool = AtomicBool::new(false);

/// A recording of the whole process: every allocation of every thread, by call stack, from [`start`](Self::start) to
/// [`stop`](Self::stop).
///
/// One runs at a time; [`profile`](crate::profile) works inside of it. Blocks that were live at the start make one call
/// site, "(before recording)", and the peak begins at that level, so that the sites at the peak add up to it. Dropped
/// without `stop`, it discards what it recorded.
///
/// ```
/// use heaplens::Profiler;
///
/// heaplens::install!();
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let profiler = Profiler::start()?;
///     let worker = std::thread::spawn(|| vec![7_u8; 10_000]);
///     let bytes = worker.join().expect("the worker ends well");
///     let profile = profiler.stop();
///     assert!(profile.stats().total_bytes >= 10_000);
///     println!("{}", profile.summary());
///     drop(bytes);
///     Ok(())
/// }
/// ```
#[derive(Debug)]
#[must_use = "a profiler that is dropped discards what it recorded"]
pub struct Profiler {
    recording: Option<Recording>,
    name: Cow<'static, str>,
    started: SystemTime,
    began: Instant,
}

/// Settings of a [`Profiler`] before it starts.
#[derive(Clone, Debug)]
#[must_use = "a profiler begins with `start`"]
pub struct ProfilerBuilder {
    name: Cow<'static, str>,
    exact_peak: bool,
    by_thread: bool,
    memory_limit_bytes: usize,
    verify_every: u32,
}

impl Profiler {
    /// Begins to record.
    ///
    /// # Errors
    ///
    /// If heaplens is not installed, or a profiler runs already.
    pub fn start() -> Result<Self, ProfilerError> {
        Self::builder().start()
    }

    /// A profiler with settings.
    pub fn builder() -> ProfilerBuilder {
        ProfilerBuilder {
            name: Cow::Borrowed(""),
            exact_peak: false,
            by_thread: false,
            memory_limit_bytes: arena::DEFAULT_LIMIT_BYTES,
            verify_every: self_check::every(),
        }
    }

    /// Stops recording and returns what was recorded, every frame named.
    pub fn stop(mut self) -> Profile {
        let _own = OwnWork::begin();
        let Some(recording) = self.recording.take() else { return Profile::default() };
        let elapsed = self.began.elapsed();
        let recorded = recording.end();
        let spans = spans::end_recording();
        RUNNING.store(false, Ordering::Release);
        drop(recording);
        let header = sites::header(&self.name_or_program(), self.started, elapsed);
        sites::build(header, recorded.stats, recorded.completeness, &recorded.sites, About { note: None, spans })
    }

    /// The name that was given, or that of the program's file.
    fn name_or_program(&self) -> String {
        if !self.name.is_empty() {
            return self.name.clone().into_owned();
        }
        program_name().unwrap_or_else(|| "program".to_owned())
    }
}

/// The name of the program's file.
pub(super) fn program_name() -> Option<String> {
    let path = std::env::current_exe().ok()?;
    Some(path.file_stem()?.to_string_lossy().into_owned())
}

impl Drop for Profiler {
    fn drop(&mut self) {
        if let Some(recording) = self.recording.take() {
            let _own = OwnWork::begin();
            recording.discard();
            drop(recording);
            drop(spans::end_recording());
            RUNNING.store(false, Ordering::Release);
        }
    }
}

impl ProfilerBuilder {
    /// The name of the profile. Unless given, that of the program's file.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Makes the peak exact on any number of threads.
    ///
    /// # Cost
    ///
    /// An addition to one shared word for each event: 36 ns beside one other busy thread, more beside many.
    pub fn exact_peak(mut self) -> Self {
        self.exact_peak = true;
        self
    }

    /// Keeps call sites apart by the names of the threads that allocate: every captured stack lies under its thread.
    ///
    /// [`Profile::threads`] and [`Profile::on_thread`] need it. A block is the thread's that allocated it, whoever frees it.
    /// The thread that runs `main` is called `main`, threads of one name add up, and those without a name are one thread
    /// "(unnamed)". The system keeps 15 bytes of a name on Linux and 63 elsewhere; on Linux a thread without a name of its
    /// own has that of the thread which started it. A thread that is renamed keeps the name that it had when the recording
    /// saw it first.
    ///
    /// # Cost
    ///
    /// A system call for each thread, three for one without a name, and memory for each call site under each name: a
    /// program that has a new name for every thread has new call sites for every thread. The 4,097th name and those after
    /// it are "(other threads)", which [`Completeness::unnamed_scopes`](crate::Completeness::unnamed_scopes) counts.
    ///
    /// ```
    /// use heaplens::Profiler;
    /// use std::thread;
    ///
    /// heaplens::install!();
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let profiler = Profiler::builder().by_thread().start()?;
    ///     let loader = thread::Builder::new().name("loader".into()).spawn(|| vec![7_u8; 10_000])?;
    ///     let bytes = loader.join().expect("the loader ends well");
    ///     let profile = profiler.stop();
    ///     assert!(profile.on_thread("loader")?.stats().total_bytes >= 10_000);
    ///     drop(bytes);
    ///     Ok(())
    /// }
    /// ```
    pub fn by_thread(mut self) -> Self {
        self.by_thread = true;
        self
    }

    /// The memory that the recorder's tables may take, in bytes: 64 MiB unless set, 4 GiB at most.
    ///
    /// Call sites beyond it are counted together as "(over the memory limit)". What earlier recordings took stays taken.
    pub fn memory_limit(mut self, bytes: usize) -> Self {
        self.memory_limit_bytes = bytes;
        self
    }

    /// Compares every n-th captured stack of each thread with a full unwind, on every thread, from the start on; zero for
    /// none, which is the default unless the environment has `HEAPLENS_VERIFY=n`.
    ///
    /// What differs counts as [`mismatched_stacks`](crate::Completeness::mismatched_stacks), and
    /// [`self_check`](crate::self_check) says how many were compared.
    ///
    /// # Cost
    ///
    /// A full unwind for each compared stack: some nanoseconds for each frame, and some microseconds for those that are
    /// compared with the platform's unwinder too.
    pub fn verify_every(mut self, n: u32) -> Self {
        self.verify_every = n;
        self
    }

    /// Begins to record.
    ///
    /// # Errors
    ///
    /// If heaplens is not installed, or a profiler runs already.
    pub fn start(self) -> Result<Profiler, ProfilerError> {
        ScopeError::check()?;
        // ORDERING: Acquire, pairs with the Release of `stop` and `drop`: the last recording is over.
        if RUNNING.swap(true, Ordering::Acquire) {
            return Err(ProfilerError::AlreadyRunning);
        }
        let _own = OwnWork::begin();
        arena::set_limit(self.memory_limit_bytes);
        self_check::compare_every(self.verify_every);
        let started = SystemTime::now();
        spans::begin_recording();
        match Recording::begin(self.exact_peak, self.by_thread) {
            Some(recording) => {
                Ok(Profiler { recording: Some(recording), name: self.name, started, began: Instant::now() })
            }
            None => {
                drop(spans::end_recording());
                RUNNING.store(false, Ordering::Release);
                Err(ScopeError::TooManyThreads.into())
            }
        }
    }
}
