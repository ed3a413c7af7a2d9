//! How much memory a process uses, as the kernel reports (proc(5), `/proc/PID/status`).
//!
//! What getrusage(2) calls the most may be the parent's: exec hands it down.

use std::fs::read_to_string;

/// Returns the resident memory of a process in bytes; `None` when it has gone.
pub fn resident(process: u32) -> Option<u64> {
    bytes(process, "VmRSS:")
}

/// Returns the most resident memory that the program of a process has had, in bytes; `None` when it has gone.
pub fn peak_resident(process: u32) -> Option<u64> {
    bytes(process, "VmHWM:")
}

fn bytes(process: u32, name: &str) -> Option<u64> {
    let status = read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::{peak_resident, resident};
    use std::process::Command;

    #[test]
    fn memory_that_was_given_back_is_in_the_peak() {
        const HELD: u64 = 32 << 20;
        let process = std::process::id();
        // Without the box the compiler leaves the memory out.
        drop(std::hint::black_box(vec![1_u8; HELD as usize]));
        // The kernel's two numbers differ by what its processors have not added up, so they are not compared.
        assert!(peak_resident(process) >= Some(HELD));
        assert!(resident(process).is_some_and(|now| now < HELD));
    }

    #[test]
    fn process_that_has_gone_has_none() {
        let mut child = Command::new("true").spawn().expect("true(1)");
        child.wait().expect("a child");
        assert_eq!(peak_resident(child.id()), None);
    }
}
