//! The only place that touches the C++ side. Mirrors `csrc/dut.h`.

use std::ffi::{CStr, c_char, c_void};
use std::sync::Arc;

#[repr(C)]
struct ApiPort {
    name: *const c_char,
    bits: u32,
    is_input: u32,
}

/// The face of one design; a constant in its code.
#[repr(C)]
pub(super) struct Api {
    port_count: u32,
    ports: *const ApiPort,
    create: unsafe extern "C" fn(seed: u64) -> *mut c_void,
    destroy: unsafe extern "C" fn(dut: *mut c_void),
    storage: unsafe extern "C" fn(dut: *mut c_void, port: u32) -> *mut c_void,
    eval: unsafe extern "C" fn(dut: *mut c_void),
    trace: unsafe extern "C" fn(dut: *mut c_void, path: *const c_char),
    coverage: unsafe extern "C" fn(dut: *mut c_void, path: *const c_char),
}

/// Gives the face of a design.
pub(super) type Entry = unsafe extern "C" fn() -> *const Api;

include!(concat!(env!("OUT_DIR"), "/designs.rs"));

/// A port and where the model keeps it.
pub(super) struct PortState {
    pub name: String,
    pub bits: u32,
    pub input: bool,
    storage: *mut c_void,
}

/// One model. Not `Sync`: everything goes through `&mut self` or plain reads of its own memory.
pub(super) struct Instance {
    api: *const Api,
    model: *mut c_void,
    ports: Vec<PortState>,
    /// Keeps the code loaded while the model lives; `None` for code of this executable.
    _library: Option<Arc<Library>>,
}

// SAFETY: a model is plain heap memory of its own; its random state is handed over at every eval, and
// Verilator's thread-local context is set by the model's own constructor and read by nothing that we use.
unsafe impl Send for Instance {}

impl Instance {
    /// An instance of a design of this executable.
    pub(super) fn built_in(entry: Entry, seed: u64) -> Instance {
        // SAFETY: the build script lists only functions of the shims it compiled in.
        unsafe { Instance::create(entry, seed, None) }
    }

    /// # Safety
    /// `entry` is a shim's `deltascope_design_*` and stays loaded while `library` lives.
    unsafe fn create(entry: Entry, seed: u64, library: Option<Arc<Library>>) -> Instance {
        // SAFETY: the shim returns a pointer to a constant, and its functions accept the model they made.
        unsafe {
            let api = entry();
            let model = ((*api).create)(seed);
            let mut ports = Vec::new();
            for index in 0..(*api).port_count {
                let port = &*(*api).ports.add(index as usize);
                ports.push(PortState {
                    name: CStr::from_ptr(port.name).to_string_lossy().into_owned(),
                    bits: port.bits,
                    input: port.is_input != 0,
                    storage: ((*api).storage)(model, index),
                });
            }
            Instance { api, model, ports, _library: library }
        }
    }

    pub(super) fn ports(&self) -> &[PortState] {
        &self.ports
    }

    #[inline]
    pub(super) fn read(&self, index: usize) -> u64 {
        let port = &self.ports[index];
        // SAFETY: Verilator keeps a port of this width in an aligned integer of this size (words above 64 bits)
        // inside the model, which lives as long as self.
        unsafe {
            match port.bits {
                0..=8 => u64::from(port.storage.cast::<u8>().read()),
                9..=16 => u64::from(port.storage.cast::<u16>().read()),
                17..=32 => u64::from(port.storage.cast::<u32>().read()),
                33..=64 => port.storage.cast::<u64>().read(),
                _ => {
                    let words = port.storage.cast::<u32>();
                    u64::from(words.read()) | (u64::from(words.add(1).read()) << 32)
                }
            }
        }
    }

    #[inline]
    pub(super) fn read_wide(&self, index: usize) -> u128 {
        let mut value = u128::from(self.read(index));
        if self.ports[index].bits > 64 {
            value |= u128::from(self.read_slice(index, 64)) << 64;
        }
        value
    }

    pub(super) fn read_slice(&self, index: usize, low: u32) -> u64 {
        let port = &self.ports[index];
        if port.bits <= 64 {
            return self.read(index).checked_shr(low).unwrap_or(0);
        }
        let words = port.bits.div_ceil(32);
        let word = |n: u32| -> u128 {
            if n >= words {
                return 0;
            }
            // SAFETY: n is below the number of 32-bit words of this port.
            u128::from(unsafe { port.storage.cast::<u32>().add(n as usize).read() })
        };
        let first = low / 32;
        let three = word(first) | (word(first + 1) << 32) | (word(first + 2) << 64);
        (three >> (low % 32)) as u64
    }

    #[inline]
    pub(super) fn write(&mut self, index: usize, value: u128) {
        let port = &self.ports[index];
        debug_assert!(port.input, "`{}` is no input", port.name);
        let value = if port.bits < 128 { value & ((1 << port.bits) - 1) } else { value };
        // SAFETY: as in `read`; exactly the words of the port are written.
        unsafe {
            match port.bits {
                0..=8 => port.storage.cast::<u8>().write(value as u8),
                9..=16 => port.storage.cast::<u16>().write(value as u16),
                17..=32 => port.storage.cast::<u32>().write(value as u32),
                33..=64 => port.storage.cast::<u64>().write(value as u64),
                bits => {
                    for word in 0..bits.div_ceil(32).min(4) {
                        port.storage.cast::<u32>().add(word as usize).write((value >> (32 * word)) as u32);
                    }
                }
            }
        }
    }

    /// Writes 32 bits of a port wider than 64.
    pub(super) fn write_word(&mut self, index: usize, word: u32, value: u32) {
        let port = &self.ports[index];
        if !port.input || port.bits <= 64 || 32 * word >= port.bits {
            return;
        }
        let unused = (32 * (word + 1)).saturating_sub(port.bits);
        // SAFETY: as in `read`; the word is one of the port's, and bits beyond its width stay zero.
        unsafe { port.storage.cast::<u32>().add(word as usize).write(value & (u32::MAX >> unused)) }
    }

    #[inline]
    pub(super) fn eval(&mut self) {
        // SAFETY: model belongs to api.
        unsafe { ((*self.api).eval)(self.model) }
    }

    /// Writes what the design counted of its lines and bits to `path`.
    pub(super) fn write_coverage(&mut self, path: &CStr) {
        // SAFETY: model belongs to api; the path is read before the call returns.
        unsafe { ((*self.api).coverage)(self.model, path.as_ptr()) }
    }

    pub(super) fn trace(&mut self, path: Option<&CStr>) {
        // SAFETY: model belongs to api; the path is copied before the call returns.
        unsafe { ((*self.api).trace)(self.model, path.map_or(std::ptr::null(), CStr::as_ptr)) }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // SAFETY: made by create of the same api, destroyed once.
        unsafe { ((*self.api).destroy)(self.model) }
    }
}

/// A shared library with one design.
pub(super) struct Library {
    handle: *mut c_void,
    entry: Entry,
}

// SAFETY: the loader's functions may be called from any thread; the fields do not change.
unsafe impl Send for Library {}
// SAFETY: as above.
unsafe impl Sync for Library {}

impl Library {
    /// Loads the library at `path`, which [`super::Variant`] compiled, and finds the design's entry.
    pub(super) fn open(path: &CStr, symbol: &CStr) -> Result<Library, String> {
        // SAFETY: the library was compiled by us from a shim; loading runs Verilator's static constructors only.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        if handle.is_null() {
            return Err(loader_error());
        }
        // SAFETY: handle is open.
        let address = unsafe { libc::dlsym(handle, symbol.as_ptr()) };
        if address.is_null() {
            let text = loader_error();
            // SAFETY: handle is open and nothing of it is in use.
            unsafe { libc::dlclose(handle) };
            return Err(text);
        }
        // SAFETY: the symbol is the shim's entry, whose type is Entry.
        let entry = unsafe { std::mem::transmute::<*mut c_void, Entry>(address) };
        Ok(Library { handle, entry })
    }

    pub(super) fn instance(self: &Arc<Library>, seed: u64) -> Instance {
        // SAFETY: entry comes from this library, which the instance keeps.
        unsafe { Instance::create(self.entry, seed, Some(Arc::clone(self))) }
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        // SAFETY: every instance holds an Arc of self, so nothing of the library is in use.
        unsafe { libc::dlclose(self.handle) };
    }
}

fn loader_error() -> String {
    // SAFETY: dlerror returns null or a string that is valid until the next call of this thread.
    unsafe {
        let text = libc::dlerror();
        if text.is_null() { "unknown".to_owned() } else { CStr::from_ptr(text).to_string_lossy().into_owned() }
    }
}
