//! What services do, as a table or as JSON.

use super::Options;
use super::client::Client;
use crate::control::{Answer, Request, Status, Verb};
use crate::names;
use crate::sys::{Fd, file};
use crate::text::{Buffer, tell};

/// Room for one line: a name, and some numbers.
type Line = Buffer<512>;

pub(super) fn status(options: &Options<'_>, name: &[u8]) -> u8 {
    let Some(mut client) = Client::connect(options.socket) else {
        tell(&[b"initctl: PID 1 cannot be reached"]);
        return 1;
    };
    let mut shown = 0;
    write(if options.is_json {
        b"["
    } else {
        b"NAME                 STATE     PID     AGE          RESTARTS  LAST EXIT\n"
    });
    loop {
        let request = Request { verb: Verb::Status, number: shown, name };
        match client.ask(request, None) {
            Some(Answer::Done) => {}
            Some(Answer::Unknown) => {
                tell(&[b"initctl: ", name, b": there is no such service"]);
                return 1;
            }
            Some(Answer::Ending | Answer::No | Answer::Vain) | None => return 1,
        }
        let mut records = client.records();
        let mut count = 0;
        while let Some((status, rest)) = Status::read(records) {
            records = rest;
            let mut line = Line::new();
            if options.is_json {
                line.put(if shown + count == 0 { b"" } else { b"," });
                put_json(&mut line, status);
            } else {
                put_row(&mut line, status);
            }
            write(line.bytes());
            count += 1;
        }
        shown += count;
        if count == 0 || !name.is_empty() {
            break;
        }
    }
    if options.is_json {
        write(b"]\n");
    }
    0
}

fn write(bytes: &[u8]) {
    // Whoever reads it may have seen enough.
    let _written = file::write_all(Fd::STDOUT, bytes);
}

fn put_exit(line: &mut Line, exit: u16) {
    match exit {
        Status::NO_EXIT => line.put(b"-"),
        0..256 => line.number(exit.into()),
        signal => {
            let number = u32::from(signal - 256);
            match names::signal_name(number) {
                Some(name) => line.put(b"SIG").put(name.as_bytes()),
                None => line.put(b"signal ").number(number.into()),
            }
        }
    };
}

fn put_row(line: &mut Line, status: Status<'_>) {
    let pad = |line: &mut Line, column: usize| {
        line.put(b" ");
        while line.len() < column {
            line.put(b" ");
        }
    };
    line.put(status.name);
    pad(line, 21);
    line.put(status.state.name().as_bytes());
    if status.health == 2 {
        line.put(b"!");
    }
    pad(line, 31);
    if status.pid == 0 {
        line.put(b"-");
    } else {
        line.number(status.pid.into());
    }
    pad(line, 39);
    line.seconds(status.age).put(b" s");
    pad(line, 52);
    line.number(status.restarts.into());
    pad(line, 62);
    put_exit(line, status.exit);
    line.put(b"\n");
}

fn put_json(line: &mut Line, status: Status<'_>) {
    // A name needs no escapes: see `names::is_valid`.
    line.put(b"{\"name\":\"").put(status.name);
    line.put(b"\",\"state\":\"").put(status.state.name().as_bytes());
    line.put(b"\",\"wanted\":").put(if status.is_wanted { b"true" } else { b"false" });
    let health: &[u8] = match status.health {
        1 => b"\"good\"",
        2 => b"\"bad\"",
        _ => b"null",
    };
    line.put(b",\"health\":").put(health);
    line.put(b",\"pid\":");
    if status.pid == 0 {
        line.put(b"null");
    } else {
        line.number(status.pid.into());
    }
    line.put(b",\"seconds\":").seconds(status.age);
    line.put(b",\"restarts\":").number(status.restarts.into());
    line.put(b",\"exit\":");
    match status.exit {
        Status::NO_EXIT => line.put(b"null"),
        0..256 => line.number(status.exit.into()),
        signal => line.number(u64::from(signal - 256) + 128),
    };
    line.put(b"}");
}
