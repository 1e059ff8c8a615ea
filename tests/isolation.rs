//! Two hundred ordinary tests in one binary, which the standard harness runs at the same time: each measures its own work
//! exactly, whatever the others and its own neighbour allocate meanwhile.
//!
//! A test knows what it has to see, because no other test allocates blocks of its sizes: [`own`]. Each family of patterns
//! is a module; `ci/isolation.sh` runs the binary a thousand times, and under a harness with a process for each test.

#[cfg(feature = "stacks")]
#[path = "isolation/call_sites.rs"]
mod call_sites;
#[path = "support/held.rs"]
mod held;
#[path = "isolation/ledger.rs"]
mod ledger;
#[path = "isolation/neighbour.rs"]
mod neighbour;
#[path = "support/other_thread.rs"]
mod other_thread;
#[path = "isolation/own.rs"]
mod own;
#[path = "isolation/own_thread.rs"]
mod own_thread;
#[path = "support/random.rs"]
mod random;
#[path = "support/resized.rs"]
mod resized;
#[path = "support/tally.rs"]
mod tally;
#[path = "isolation/tasks.rs"]
mod tasks;
#[path = "isolation/threads.rs"]
mod threads;

heaplens::install!();

/// Makes tests of patterns: each name is the number of a test, and there is no other of that number.
macro_rules! patterns {
    ($($(#[$condition:meta])? $family:ident :: $pattern:ident => $claim:ident: $($test:ident)+;)+) => {
        $(
            $(#[$condition])?
            mod $claim {
                $(
                    #[test]
                    fn $test() {
                        let own = crate::own::Own::of(stringify!($test));
                        crate::neighbour::beside_one(own, || {
                            (0..crate::$family::ROUNDS).for_each(|_| crate::$family::$pattern(own));
                        });
                    }
                )+
            }
        )+
    };
}

patterns! {
    own_thread::plain => plain_work_is_exact_in_every_figure:
        test_000 test_001 test_002 test_003 test_004 test_005 test_006 test_007 test_008;
    own_thread::nested => nested_scopes_are_exact_in_every_figure:
        test_009 test_010 test_011 test_012 test_013 test_014 test_015 test_016 test_017;
    own_thread::freed_on_another_thread => blocks_that_another_thread_frees_are_credited:
        test_018 test_019 test_020 test_021 test_022 test_023 test_024 test_025 test_026;
    own_thread::outliving_blocks => blocks_that_outlive_their_scope_are_credited:
        test_027 test_028 test_029 test_030 test_031 test_032 test_033 test_034 test_035;
    own_thread::reallocations => reallocations_are_exact:
        test_036 test_037 test_038 test_039 test_040 test_041 test_042 test_043 test_044;
    own_thread::excluded => excluded_work_is_left_out:
        test_045 test_046 test_047 test_048 test_049 test_050 test_051 test_052 test_053;
    own_thread::panics => a_panic_leaves_the_scope_around_exact:
        test_054 test_055 test_056 test_057 test_058 test_059 test_060 test_061 test_062;
    own_thread::beside_panics => a_sibling_that_panics_changes_nothing:
        test_063 test_064 test_065 test_066 test_067 test_068 test_069 test_070 test_071;
    own_thread::before_and_after => memory_before_and_after_is_that_of_the_work:
        test_072 test_073 test_074 test_075 test_076 test_077 test_078 test_079 test_080;
    own_thread::random => work_at_random_is_exact_in_every_figure:
        test_081 test_082 test_083 test_084 test_085 test_086 test_087 test_088 test_089;
    threads::scoped_workers => scoped_workers_count_where_they_are_attached:
        test_090 test_091 test_092 test_093 test_094 test_095 test_096 test_097 test_098;
    threads::spawned_workers => spawned_workers_count_where_they_are_attached:
        test_099 test_100 test_101 test_102 test_103 test_104 test_105 test_106 test_107;
    threads::visits_in_turn => visitors_in_turn_are_exact_in_every_figure:
        test_108 test_109 test_110 test_111 test_112 test_113 test_114 test_115 test_116;
    threads::parts_of_workers => parts_of_workers_are_their_own:
        test_117 test_118 test_119 test_120 test_121 test_122 test_123 test_124 test_125;
    tasks::measured_task => measured_tasks_see_their_own:
        test_126 test_127 test_128 test_129 test_130 test_131 test_132 test_133 test_134;
    tasks::measured_in_measured => measured_tasks_in_measured_tasks_see_their_own:
        test_135 test_136 test_137 test_138 test_139 test_140 test_141 test_142 test_143;
    tasks::tasks_in_a_scope => tasks_in_a_scope_count_there:
        test_144 test_145 test_146 test_147 test_148 test_149 test_150 test_151 test_152;
    tasks::join_set => join_sets_count_in_the_scope_of_their_task:
        test_153 test_154 test_155 test_156 test_157 test_158 test_159 test_160 test_161;
    tasks::cancelled_branch => cancelled_branches_free_in_their_scope:
        test_162 test_163 test_164 test_165 test_166 test_167 test_168 test_169;
    tasks::dropped_unfinished => unfinished_futures_free_in_their_scope:
        test_170 test_171 test_172 test_173 test_174 test_175 test_176 test_177;
    tasks::local_tasks => local_tasks_see_their_own:
        test_178 test_179 test_180 test_181 test_182 test_183 test_184 test_185;
    tasks::on_the_tests_thread => futures_on_the_tests_thread_are_exact_in_every_figure:
        test_186 test_187 test_188 test_189 test_190 test_191 test_192 test_193;
    #[cfg(feature = "stacks")]
    call_sites::of_own_thread => call_sites_of_a_profile_are_its_own:
        test_194 test_195;
    #[cfg(feature = "stacks")]
    call_sites::of_workers => call_sites_of_workers_are_their_own:
        test_196 test_197;
    #[cfg(feature = "stacks")]
    call_sites::of_tasks => call_sites_of_tasks_are_their_own:
        test_198 test_199;
}
