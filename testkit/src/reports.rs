//! Reports in lines of JSON: one that is too long for a line is several, with `part`, `parts` and a share of `containers` each.

use serde_json::Value;

/// Returns the next report of some lines, put together from its parts; `None` at the end.
///
/// # Errors
/// A line is not JSON, or not the part that comes next.
pub fn next(mut lines: impl FnMut() -> Option<String>) -> Option<Result<Value, String>> {
    let first = lines()?;
    Some(whole(&first, lines))
}

/// Returns every report of an output.
///
/// # Errors
/// As [`next`].
pub fn all(output: &str) -> Result<Vec<Value>, String> {
    let mut lines = output.lines().map(str::to_owned);
    std::iter::from_fn(|| next(|| lines.next())).collect()
}

/// Returns every report of an output that is still written: a last line without its end and a report without its last
/// part are left out.
///
/// # Errors
/// As [`next`].
pub fn so_far(output: &str) -> Result<Vec<Value>, String> {
    let lines: Vec<&str> = output.split_inclusive('\n').filter(|line| line.ends_with('\n')).collect();
    let values = lines.iter().map(|line| parse(line)).collect::<Result<Vec<_>, _>>()?;
    let ended = values.iter().rposition(|value| value["part"] == value["parts"]).map_or(0, |last| last + 1);
    all(&lines[..ended].concat())
}

fn whole(first: &str, mut lines: impl FnMut() -> Option<String>) -> Result<Value, String> {
    let mut report = parse(first)?;
    let parts = report["parts"].as_u64().unwrap_or(1);
    for part in 2..=parts {
        let line = lines().ok_or_else(|| format!("expected part {part} of {parts}, found the end"))?;
        let mut more = parse(&line)?;
        if (&more["part"], &more["parts"]) != (&part.into(), &parts.into()) {
            return Err(format!("expected part {part} of {parts}, found {line}"));
        }
        match (report["containers"].as_array_mut(), more["containers"].as_array_mut()) {
            (Some(containers), Some(others)) => containers.append(others),
            _ => return Err(format!("expected containers in each part, found {line}")),
        }
    }
    Ok(report)
}

fn parse(line: &str) -> Result<Value, String> {
    serde_json::from_str(line).map_err(|error| format!("{error}: {line:?}"))
}

#[cfg(test)]
mod tests {
    use super::{all, so_far};

    const FIRST: &str = "{\"captured\":3,\"part\":1,\"parts\":2,\"containers\":[1,2]}\n";
    const SECOND: &str = "{\"part\":2,\"parts\":2,\"containers\":[3]}\n";
    const SHORT: &str = "{\"captured\":4,\"containers\":[]}\n";

    #[test]
    fn parts_become_one_report() {
        let reports = all(&[FIRST, SECOND, SHORT].concat()).unwrap();
        assert_eq!(reports.len(), 2);
        assert_eq!((&reports[0]["captured"], &reports[0]["containers"]), (&3.into(), &serde_json::json!([1, 2, 3])));
    }

    #[test]
    fn missing_part_is_an_error_once_the_output_ended() {
        assert!(all(FIRST).unwrap_err().contains("expected part 2 of 2, found the end"));
        assert!(all(&[FIRST, SHORT].concat()).unwrap_err().contains("expected part 2 of 2, found {"));
        assert!(all("{half").is_err());
    }

    #[test]
    fn report_that_is_still_written_is_left_out() {
        for (output, count) in
            [(vec![SHORT, FIRST], 1), (vec![SHORT, FIRST, "{\"par"], 1), (vec![FIRST, SECOND, "{"], 1), (vec![], 0)]
        {
            assert_eq!(so_far(&output.concat()).unwrap().len(), count, "{output:?}");
        }
        assert!(so_far("no report\n").is_err());
    }
}
