//! One value for each register below the counters, by name.

use deltascope_abi::registers::{MAP, Register};
use rust_hdl::core::probe::Probe;
use rust_hdl::prelude::*;

macro_rules! by_register {
    ($($name:ident { $($about:tt)* })*) => {
        /// Holds a `T` for each register of `deltascope_abi::registers::MAP`, in order of declaration.
        ///
        /// In a block it is an array with names for indices: `hit: ByRegister<Signal<Out, Bit>>` has the ports
        /// `hit_identity`, `hit_abi_version` and so on.
        #[derive(Clone, Debug, Default)]
        #[allow(missing_docs, reason = "each is described in deltascope_abi::registers::MAP")]
        pub struct ByRegister<T> {
            $(pub $name: T,)*
        }

        impl<T> ByRegister<T> {
            /// Makes each value from the description of its register.
            pub fn from_map(make: impl Fn(&Register) -> T) -> Self {
                let mut map = MAP.iter();
                // Both have the list of for_each_register!, so the map does not end before the fields do.
                $(let $name = map.next().map(&make).unwrap_or_else(|| unreachable!());)*
                ByRegister { $($name,)* }
            }
        }

        impl<T: Logic> Logic for ByRegister<T> {
            fn update(&mut self) {}
        }

        impl<T: Block> Block for ByRegister<T> {
            fn connect_all(&mut self) {
                $(self.$name.connect_all();)*
            }

            fn update_all(&mut self) {
                $(self.$name.update_all();)*
            }

            fn has_changed(&self) -> bool {
                $(self.$name.has_changed())||*
            }

            fn accept(&self, name: &str, probe: &mut dyn Probe) {
                // The same names as in an array, whose parts are `name$0`, `name$1`.
                $(self.$name.accept(&format!("{name}${}", stringify!($name)), probe);)*
            }
        }
    };
}

deltascope_abi::for_each_register!(by_register);
