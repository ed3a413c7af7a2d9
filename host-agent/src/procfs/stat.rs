//! `/proc/PID/stat`: the few fields that say who a process is and where it comes from.

use super::ParseError;
use super::text::Cursor;

/// What the file is called in errors.
const FILE: &str = "/proc/PID/stat";
/// `PF_FORKNOEXEC` (`include/linux/sched.h`): forked, and has not called exec since.
const PF_FORKNOEXEC: u64 = 0x40;
/// `PF_KTHREAD` (`include/linux/sched.h`).
const PF_KTHREAD: u64 = 0x0020_0000;

/// Addresses that exec chooses and fork hands down, the fingerprint of one exec. With address
/// space randomisation two execs do not have the same by chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExecLayout {
    /// `start_code`, field 26.
    pub code: u64,
    /// `start_stack`, field 28.
    pub stack: u64,
    /// `start_brk`, field 47.
    pub heap: u64,
}

/// One process, from `/proc/PID/stat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessStat {
    /// Field 1.
    pub pid: u32,
    /// Field 3: one letter, `Z` for a zombie.
    pub state: u8,
    /// Field 4; 0 when the parent lies outside the PID namespace.
    pub parent: u32,
    /// Field 6.
    pub session: i64,
    /// Field 9 holds `PF_FORKNOEXEC`: forked and no exec since.
    pub forked_without_exec: bool,
    /// Field 9 holds `PF_KTHREAD`: a thread of the kernel, without memory of its own.
    pub kernel_thread: bool,
    /// Field 22, clock ticks after boot; with the pid it names a process for good.
    pub start_time: u64,
    /// Field 20: threads that have not ended, the first one included until all have.
    pub threads: u64,
    /// Fields 26, 28 and 47; `None` when the reader may not see them or there is no memory.
    pub layout: Option<ExecLayout>,
    /// The thread through which the memory is read where the first one has ended.
    pub thread: Option<u32>,
}

impl ProcessStat {
    /// Whether the process has memory that could be scanned: it is no thread of the kernel and
    /// a thread of it has not ended.
    pub fn has_memory(&self) -> bool {
        !self.kernel_thread && (self.thread.is_some() || !self.ended())
    }

    /// Whether this task has ended. Memory lives as long as the last thread, not as the first.
    pub fn ended(&self) -> bool {
        matches!(self.state, b'Z' | b'X' | b'x')
    }

    /// The files under which the memory is found.
    pub fn task(&self) -> TaskId {
        TaskId { pid: self.pid, thread: self.thread }
    }
}

/// Names the files of a process, or those of one of its threads: the files of a first thread
/// that has ended are empty although the memory lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TaskId {
    /// The process.
    pub pid: u32,
    /// The thread; `None` for the files of the process.
    pub thread: Option<u32>,
}

impl From<u32> for TaskId {
    fn from(pid: u32) -> Self {
        Self { pid, thread: None }
    }
}

impl TaskId {
    /// The number that system calls take.
    pub fn number(self) -> u32 {
        self.thread.unwrap_or(self.pid)
    }
}

/// Parses the text of `/proc/PID/stat` (`proc_pid_stat(5)`).
///
/// # Errors
/// A field up to number 47 (`start_brk`) is missing or is not a number.
pub fn parse_stat(text: &[u8]) -> Result<ProcessStat, ParseError> {
    let mut cursor = Cursor::new(FILE, text, 0);
    let pid = cursor.decimal32("a process number")?;
    cursor.literal(b" (", "` (` before the command")?;
    // The command may itself hold `)`, blanks and line ends: the last `)` closes it.
    let Some(close) = cursor.rest().iter().rposition(|&byte| byte == b')') else {
        return Err(cursor.error("`)` after the command"));
    };
    cursor.skip(close + 1);
    cursor.literal(b" ", "a blank before the state")?;
    let state = match cursor.peek() {
        Some(letter) if letter.is_ascii_alphabetic() => letter,
        _ => return Err(cursor.error("a letter for the state")),
    };
    cursor.skip(1);
    let parent = u32::try_from(field(&mut cursor)?).unwrap_or(0);
    let _group = field(&mut cursor)?;
    let session = field(&mut cursor)?;
    skip_fields(&mut cursor, 7..=8)?;
    let flags = unsigned(&mut cursor)?;
    skip_fields(&mut cursor, 10..=19)?;
    let threads = unsigned(&mut cursor)?;
    skip_fields(&mut cursor, 21..=21)?;
    let start_time = unsigned(&mut cursor)?;
    skip_fields(&mut cursor, 23..=25)?;
    let code = unsigned(&mut cursor)?;
    skip_fields(&mut cursor, 27..=27)?;
    let stack = unsigned(&mut cursor)?;
    skip_fields(&mut cursor, 29..=46)?;
    let heap = unsigned(&mut cursor)?;
    Ok(ProcessStat {
        pid,
        state,
        parent,
        session,
        forked_without_exec: flags & PF_FORKNOEXEC != 0,
        kernel_thread: flags & PF_KTHREAD != 0,
        start_time,
        threads,
        thread: None,
        // A reader without permission is shown 1 and 0 in their place.
        layout: (stack != 0).then_some(ExecLayout { code, stack, heap }),
    })
}

fn field(cursor: &mut Cursor<'_>) -> Result<i64, ParseError> {
    cursor.literal(b" ", "a blank between two fields")?;
    cursor.signed("a number")
}

fn unsigned(cursor: &mut Cursor<'_>) -> Result<u64, ParseError> {
    cursor.literal(b" ", "a blank between two fields")?;
    cursor.decimal("a number that is not negative")
}

/// Passes over fields, given by their numbers in the manual so that the code can be checked.
fn skip_fields(cursor: &mut Cursor<'_>, numbers: std::ops::RangeInclusive<u32>) -> Result<(), ParseError> {
    for _ in numbers {
        cursor.literal(b" ", "a blank between two fields")?;
        if cursor.peek() == Some(b'-') {
            cursor.skip(1);
        }
        cursor.decimal("a number")?;
    }
    Ok(())
}
