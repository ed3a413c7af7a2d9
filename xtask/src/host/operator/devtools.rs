//! A browser without a window, driven over the pipe of Chromium's DevTools protocol.

use super::agent::LIMIT;
use crate::cargo::run;
use crate::setup::{self, Tool};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const CHROMIUM: Tool = Tool { program: "chromium", package: "chromium" };
/// Size of the window, pixels.
const SIZE: [u32; 2] = [1200, 1000];

/// A browser with one page. It ends with this.
pub struct Browser {
    child: Child,
    commands: File,
    answers: Receiver<Value>,
    number: u64,
    session: Option<String>,
}

impl Browser {
    /// Starts the browser at an address, with its profile in `folder`.
    pub fn open(folder: &Path, address: &str) -> Result<Browser> {
        setup::require(&[CHROMIUM])?;
        let [profile, commands, answers] = ["profile", "commands", "answers"].map(|name| folder.join(name));
        run(Command::new("mkfifo").args([&commands, &answers]))?;
        // The protocol is on descriptors 3 and 4.
        let script = "exec \"$1\" --headless=new --no-sandbox --disable-gpu --hide-scrollbars --remote-debugging-pipe \
                      --user-data-dir=\"$2\" about:blank 3<\"$3\" 4>\"$4\"";
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh", CHROMIUM.program]).args([&profile, &commands, &answers]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let commands = OpenOptions::new().write(true).open(&commands)?;
        let answers = File::open(&answers)?;
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            // Messages end with a zero byte.
            for message in BufReader::new(answers).split(0).map_while(Result::ok) {
                let Ok(message) = serde_json::from_slice(&message) else { return };
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let mut browser = Browser { child, commands, answers: receiver, number: 0, session: None };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}))?["targetId"].clone();
        let attach = json!({"targetId": target, "flatten": true});
        let session = browser.call("Target.attachToTarget", attach)?["sessionId"].as_str().map(str::to_owned);
        browser.session = session;
        let size = json!({"width": SIZE[0], "height": SIZE[1], "deviceScaleFactor": 1, "mobile": false});
        browser.call("Emulation.setDeviceMetricsOverride", size)?;
        browser.call("Page.navigate", json!({"url": address}))?;
        Ok(browser)
    }

    /// Calls a method of the protocol and returns its result.
    pub fn call(&mut self, method: &str, parameters: Value) -> Result<Value> {
        self.number += 1;
        let mut message = json!({"id": self.number, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.commands.write_all(format!("{message}\0").as_bytes()).context("writing to the browser")?;
        loop {
            let answer = self.answers.recv_timeout(LIMIT).with_context(|| format!("{method}: no answer"))?;
            if answer["id"] == self.number {
                ensure!(answer.get("error").is_none(), "{method}: {}", answer["error"]);
                return Ok(answer["result"].clone());
            }
        }
    }

    /// Evaluates an expression in the page and returns its value.
    pub fn value(&mut self, expression: &str) -> Result<Value> {
        let result = self.call("Runtime.evaluate", json!({"expression": expression, "returnByValue": true}))?;
        ensure!(result.get("exceptionDetails").is_none(), "{expression}: {}", result["exceptionDetails"]);
        Ok(result["result"]["value"].clone())
    }

    /// Waits until an expression is true.
    pub fn until(&mut self, expression: &str) -> Result<()> {
        let begun = Instant::now();
        while self.value(expression)? != true {
            let text = || json!(null);
            ensure!(
                begun.elapsed() < LIMIT,
                "the page never has {expression}: {}",
                self.value("document.body.innerText").unwrap_or_else(|_| text())
            );
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// Presses and releases a key by its name: `Tab`, `Enter`, ` `, or a letter.
    pub fn press(&mut self, key: &str) -> Result<()> {
        let (code, number, text) = match key {
            "Tab" => ("Tab", 9, ""),
            "Enter" => ("Enter", 13, "\r"),
            " " => ("Space", 32, " "),
            letter => ("", 0, letter),
        };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({"type": kind, "key": key, "code": code, "windowsVirtualKeyCode": number});
            if kind == "keyDown" && !text.is_empty() {
                event["text"] = json!(text);
            }
            self.call("Input.dispatchKeyEvent", event)?;
        }
        Ok(())
    }

    /// Writes what the page looks like to a file.
    pub fn picture(&mut self, file: &Path) -> Result<()> {
        let picture = self.call("Page.captureScreenshot", json!({"format": "png"}))?;
        let text = picture["data"].as_str().context("no picture")?;
        let mut decoder = Command::new("base64");
        let mut decoder = decoder.arg("-d").stdin(Stdio::piped()).stdout(File::create(file)?).spawn()?;
        decoder.stdin.take().context("no standard input")?.write_all(text.as_bytes())?;
        ensure!(decoder.wait()?.success(), "base64 -d has failed");
        Ok(())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
