//! Code that runs before `main`, in a program whose `main` belongs to a test harness, which makes threads.
//! Not here: what that code does.

/// Calls a function before `main`, while there is one thread. The C library calls all functions in this section (gABI, "Initialization and
/// Termination Functions").
#[doc(hidden)]
#[macro_export]
macro_rules! call_before_main {
    ($function:path) => {
        const _: () = {
            extern "C" fn call() {
                $function();
            }
            #[used]
            // SAFETY: the section holds pointers to functions of this kind.
            #[unsafe(link_section = ".init_array")]
            static CALL: extern "C" fn() = call;
        };
    };
}

pub use call_before_main;
