//! Families of which a member has changed what shows where it comes from.

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::ptr::null_mut;

use super::process::{Ready, announce, child, own, parent};
use super::region::{PAGE, Region};

/// Starts a family of this kind and announces it, if it is one of these.
pub fn start(kind: &str, ready: Ready) -> bool {
    if kind == "exec-again" {
        exec_again(ready);
        return true;
    }
    let (what, is_orphan) = match kind.strip_prefix("orphan-") {
        Some(what) => (what, true),
        None => (kind, false),
    };
    let change: fn() = match what {
        "new-random" => overwrite_random,
        "new-stack" => || set_layout(false),
        "new-layout" => || set_layout(true),
        _ => return false,
    };
    let region = Region::map(256, false).fill();
    let member = move || {
        change();
        region.usual();
        ready.report();
    };
    if !is_orphan {
        let one = child(member);
        ready.wait(1);
        announce(region, &[own(), one]);
        return true;
    }
    let numbers = Region::shared(1);
    let between = child(move || {
        let ending = own();
        child(move || {
            // Not before init is its parent: then its own has ended.
            while parent() == ending {
                std::thread::yield_now();
            }
            numbers.write(0, own() as u64);
            member();
        });
        // SAFETY: ends this process only.
        unsafe { libc::_exit(0) }
    });
    // SAFETY: a null status is allowed.
    unsafe { libc::waitpid(between, null_mut(), 0) };
    ready.wait(1);
    announce(region, &[own(), numbers.read(0) as i32]);
    true
}

/// Forks a child without address space randomisation, then calls exec of the same program again, which has memory of its own at
/// the same addresses.
fn exec_again(ready: Ready) {
    // Number of the child, in as many digits each time: the variables of the environment are part of the layout.
    const CHILD: &str = "SCAN_CASES_CHILD";
    let exec = |child: i32| -> ! {
        let mut command = Command::new("/proc/self/exe");
        panic!("{}", command.args(std::env::args().skip(1)).env(CHILD, format!("{child:010}")).exec());
    };
    // SAFETY: the argument that only asks.
    let personality = unsafe { libc::personality(0xffff_ffff) };
    if personality & libc::ADDR_NO_RANDOMIZE == 0 {
        // SAFETY: what the next exec does.
        unsafe { libc::personality((personality | libc::ADDR_NO_RANDOMIZE) as libc::c_ulong) };
        exec(0);
    }
    let region = Region { start: 0x0010_0000_0000 as *mut u8, pages: 256 };
    region.map_again();
    region.fill();
    match std::env::var(CHILD).ok().and_then(|number| number.parse().ok()) {
        None | Some(0) => {
            let one = child(|| ready.report());
            ready.wait(1);
            exec(one);
        }
        Some(one) => announce(region, &[own(), one]),
    }
}

/// Writes other bytes where exec has put its random ones.
fn overwrite_random() {
    // SAFETY: the address of 16 bytes on this process's own stack.
    unsafe { std::ptr::write_bytes(libc::getauxval(libc::AT_RANDOM) as *mut u8, 0x5a, 16) };
}

/// `struct prctl_mm_map` (`include/uapi/linux/prctl.h`).
#[repr(C)]
struct MemoryMap {
    /// start_code, end_code, start_data, end_data, start_brk, brk, start_stack, arg_start, arg_end, env_start, env_end.
    addresses: [u64; 11],
    auxv: u64,
    auxv_size: u32,
    exe_fd: u32,
}

/// Tells the kernel another start of the stack, and with `all` of the code and the heap too, as a program that restores
/// checkpoints does.
fn set_layout(all: bool) {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("my own");
    let behind = stat.rsplit_once(") ").expect("a name in parentheses").1;
    // Field 3 is the first behind the name.
    let field = |number: usize| -> u64 {
        behind.split(' ').nth(number - 3).and_then(|text| text.parse().ok()).expect("a number")
    };
    let (page, shift) = (PAGE as u64, if all { PAGE as u64 } else { 0 });
    // SAFETY: returns the end of the heap.
    let heap_end = unsafe { libc::sbrk(0) } as u64;
    let fields = [26, 27, 45, 46, 47].map(field);
    let map = MemoryMap {
        addresses: [
            fields[0] + shift,
            fields[1],
            fields[2],
            fields[3],
            fields[4] + shift,
            heap_end.max(fields[4] + shift),
            field(28) - page,
            field(48),
            field(49),
            field(50),
            field(51),
        ],
        auxv: 0,
        auxv_size: 0,
        exe_fd: u32::MAX,
    };
    /// `PR_SET_MM_MAP`.
    const MAP: libc::c_ulong = 14;
    // SAFETY: the structure lives through the call, which changes what the kernel shows and no memory.
    let result = unsafe { libc::prctl(libc::PR_SET_MM, MAP, &raw const map, size_of::<MemoryMap>(), 0) };
    assert_eq!(result, 0, "PR_SET_MM_MAP: {}", std::io::Error::last_os_error());
}
