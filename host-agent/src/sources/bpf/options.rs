//! What can be chosen for the programs.

use std::path::PathBuf;
use std::time::Duration;

use deltascope_abi::bpf::{BPF_FILTER_CGROUPS, BPF_PENDING_PAGES, BPF_SEND_LIMIT};

use super::BpfError;

/// What can be chosen for the programs.
#[derive(Clone, Debug)]
pub struct BpfOptions {
    /// T: after that long a copied page is judged.
    pub judge_after: Duration,
    /// Longest send that is hashed.
    pub send_limit: u32,
    /// Pages hashed at most when one process exits.
    pub exit_budget: u32,
    /// Copied pages that may wait for their judgement.
    pub pending_pages: u32,
    /// Bytes of the ring, a power of two.
    pub ring_bytes: u32,
    /// Cgroups to capture with everything below them; none: all.
    pub cgroups: Vec<PathBuf>,
    /// Leaves out units when the agent cannot keep up.
    pub sampling: bool,
    /// Captures sends by content, not by socket.
    pub by_content: bool,
}

impl Default for BpfOptions {
    fn default() -> BpfOptions {
        BpfOptions {
            judge_after: Duration::from_millis(100),
            send_limit: 512,
            exit_budget: 4_096,
            pending_pages: 32_768,
            ring_bytes: 4 << 20,
            cgroups: Vec::new(),
            sampling: true,
            by_content: true,
        }
    }
}

impl BpfOptions {
    /// Checks the ranges.
    ///
    /// # Errors
    /// One is left.
    pub fn check(&self) -> Result<(), BpfError> {
        let range = |option, low: u64, high: u64, found: u64| match (low..=high).contains(&found) {
            true => Ok(()),
            false => Err(BpfError::Option { option, expected: format!("{low} to {high}"), found: found.to_string() }),
        };
        range("--judge-after", 1, 600_000, self.judge_after.as_millis() as u64)?;
        range("--send-limit", 0, BPF_SEND_LIMIT.into(), self.send_limit.into())?;
        range("--exit-budget", 0, BPF_PENDING_PAGES as u64, self.exit_budget.into())?;
        range("--pending-pages", 1, BPF_PENDING_PAGES as u64, self.pending_pages.into())?;
        range("--cgroup", 0, BPF_FILTER_CGROUPS.into(), self.cgroups.len() as u64)?;
        range("--ring-bytes", 4_096, 1 << 30, self.ring_bytes.into())?;
        if !self.ring_bytes.is_power_of_two() {
            let (option, found) = ("--ring-bytes", self.ring_bytes.to_string());
            return Err(BpfError::Option { option, expected: "a power of two".to_owned(), found });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::BpfOptions;

    #[test]
    fn a_setting_out_of_range_is_named() {
        assert!(BpfOptions::default().check().is_ok());
        let wrong = |change: fn(&mut BpfOptions)| {
            let mut options = BpfOptions::default();
            change(&mut options);
            options.check().expect_err("out of range").to_string()
        };
        assert!(
            wrong(|options| options.send_limit = 16_385).contains("--send-limit: expected 0 to 16384, found 16385")
        );
        assert!(wrong(|options| options.ring_bytes = 12_288).contains("a power of two"));
        assert!(wrong(|options| options.pending_pages = 0).contains("--pending-pages"));
        assert!(wrong(|options| options.cgroups = vec!["/".into(); 17]).contains("--cgroup: expected 0 to 16"));
        assert!(wrong(|options| options.judge_after = std::time::Duration::ZERO).contains("--judge-after"));
    }
}
