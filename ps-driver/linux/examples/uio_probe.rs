//! The board's UIO device as this binding sees it and as the crate `uio` does: `uio_probe` prints one line, the word
//! PROBED and a JSON object, and fails where they differ. For a board, or an emulated one: the crate knows /sys and /dev only.

use std::error::Error;
use std::io::ErrorKind;
use std::process::ExitCode;

use deltascope_abi::board::UIO_NAME;
use deltascope_linux::error::LinuxError;
use deltascope_linux::sysfs::Roots;
use deltascope_linux::uio::{MapInfo, UioDevice};

fn main() -> ExitCode {
    match run() {
        Ok(differences) if differences.is_empty() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("uio_probe: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<Vec<String>, Box<dyn Error>> {
    let own = UioDevice::open(&Roots::default(), UIO_NAME)?;
    let digits = own.path().file_name().and_then(|name| name.to_str()?.strip_prefix("uio"));
    let number = digits.and_then(|digits| digits.parse().ok()).ok_or("expected a device file uioN")?;
    let mut differences = Vec::new();
    // The lock of either keeps the other out.
    match uio::UioDevice::try_new(number) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
        other => differences.push(format!("the crate opens what this binding holds: {other:?}")),
    }
    let maps = own.maps().to_vec();
    drop(own);
    let mut other = uio::UioDevice::try_new(number)?;
    if !matches!(UioDevice::open(&Roots::default(), UIO_NAME), Err(LinuxError::InUse { .. })) {
        differences.push("this binding opens what the crate holds".to_owned());
    }
    let name = other.get_name()?;
    if name != UIO_NAME {
        differences.push(format!("name: {UIO_NAME} here, {name} there"));
    }
    let mut theirs: Vec<_> = other
        .get_mapping_info()?
        .into_iter()
        .map(|map| (map.index, map.name, map.addr as u64, map.len as u64))
        .collect();
    theirs.sort();
    // The crate gives the page and the size from its start, as sysfs does.
    let ours = |map: &MapInfo| (map.index, map.name.clone(), map.address - map.offset, map.bytes + map.offset);
    let ours: Vec<_> = maps.iter().map(ours).collect();
    if ours != theirs {
        differences.push(format!("maps: {ours:x?} here, {theirs:x?} there"));
    }
    // Unmasked by the crate, as the binding leaves it.
    other.irq_enable()?;
    let (version, events) = (other.get_version()?, other.get_event_count()?);
    println!(
        "PROBED {{\"device\":\"uio{number}\",\"maps\":{},\"driver_version\":{version:?},\"interrupts\":{events},\
         \"differences\":{differences:?}}}",
        maps.len()
    );
    Ok(differences)
}
