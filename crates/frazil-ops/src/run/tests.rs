use std::time::Duration;

use frazil_tree::dump::parse;

use super::{
    Cancel, Ended, RunPlan, SystemRunError, host_name, run, signal, user, users, with_whole_path,
};
use crate::image::tests::Fixture;

const TREE: &str = "dir 755 0:0 - .\n\
    dir 755 0:0 - etc\n\
    file 644 0:0 generated etc/group = \"root:x:0:\\nweb:x:33:\\n\"\n\
    file 644 0:0 generated etc/passwd = \"root:x:0:0::/:/\\nshop:x:7:33::/:/\\n\"\n\
    dir 755 0:0 - usr\n\
    dir 755 0:0 - usr/bin\n\
    file 755 0:0 generated usr/bin/tool = \"\"\n";

#[test]
fn users_have_numbers() {
    let tree = parse(TREE).unwrap();
    let check = |text: &str| match user(&tree, text) {
        Ok((uid, gid)) => format!("{uid}:{gid}"),
        Err(error) => error.to_string(),
    };
    assert_eq!(check("shop"), "7:33");
    assert_eq!(check("7"), "7:33");
    assert_eq!(check("shop:web"), "7:33");
    assert_eq!(check("shop:0"), "7:0");
    assert_eq!(check("1234"), "1234:65534");
    assert_eq!(check("1234:5"), "1234:5");
    assert_eq!(check("0"), "0:0");
    assert_eq!(check("ghost"), "the system has no user or group `ghost`");
}

#[test]
fn programs_are_looked_up() {
    let tree = parse(TREE).unwrap();
    let variables = ["PATH=/usr/sbin:/usr/bin".to_owned()];
    let check = |name: &str| match with_whole_path(&tree, vec![name.to_owned()], &variables) {
        Ok(command) => String::from_utf8(command.concat()).unwrap(),
        Err(error) => error.to_string(),
    };
    assert_eq!(check("tool"), "/usr/bin/tool");
    assert_eq!(check("/else/where"), "/else/where");
    assert_eq!(check("ghost"), "the system has no program `ghost`");
}

#[test]
fn signals_have_numbers() {
    let numbers = ["SIGTERM", "QUIT", "SIGRTMIN+3", "SIGNONSENSE"].map(signal);
    assert_eq!(numbers, [15, 3, 37, 15]);
}

#[test]
fn systems_have_names() {
    let check = |text: &str, expected: &str| {
        let line = format!("file 644 0:0 generated etc/hostname = \"{text}\"\n");
        let tree = parse(&(TREE.to_owned() + &line)).unwrap();
        assert_eq!(String::from_utf8_lossy(host_name(&tree)), expected);
    };
    check("shop\\n", "shop");
    check("", "localhost");
    check(&"a".repeat(65), "localhost");
    assert_eq!(host_name(&parse(TREE).unwrap()), b"localhost");
}

#[test]
fn says_why_a_program_does_not_start() {
    let fixture = Fixture::new();
    let system = fixture.system();
    let check = |program: &str, expected: &str, is_missing: bool| {
        let scratch = tempfile::tempdir().unwrap();
        let plan = RunPlan {
            users: users(&system).unwrap(),
            command: vec![program.to_owned()],
            is_writable: false,
            scratch: scratch.path().to_owned(),
            terminal: None,
            grace: Duration::from_secs(5),
            network: super::Network::Host,
            forwards: Vec::new(),
            has_terminal: false,
        };
        let (stop, kill) = (Cancel::new().unwrap(), Cancel::new().unwrap());
        let error = run(&system, &plan, &stop, &kill).unwrap_err();
        assert_eq!(crate::causes(&error), expected);
        assert_eq!(error.is_missing(), is_missing, "{program}");
    };
    check("nosuch", "the system has no program `nosuch`", true);
    let path = "/usr/bin/nosuch";
    let why = "No such file or directory (os error 2)";
    check(path, &format!("the system cannot start `{path}`: {why}"), true);
    let path = "/usr/lib/libc.so";
    let why = "Permission denied (os error 13)";
    check(path, &format!("the system cannot start `{path}`: {why}"), false);
}

/// A program that is there, in a system that has nothing else.
#[test]
fn a_system_runs_and_says_how_it_ended() {
    let busybox = std::path::Path::new("/bin/busybox");
    if !busybox.exists() {
        eprintln!("skipped: there is no /bin/busybox");
        return;
    }
    let fixture = Fixture::new();
    let bytes = std::fs::read(busybox).unwrap();
    fixture.add_program("usr/bin/busybox", &bytes);
    fixture.add_lines("file 644 0:0 generated etc/hostname = \"shop\\n\"\n");
    let system = fixture.system();
    let check = |script: &str, is_writable: bool| {
        let scratch = tempfile::tempdir().unwrap();
        let plan = RunPlan {
            users: users(&system).unwrap(),
            command: ["/usr/bin/busybox", "sh", "-c", script].map(str::to_owned).to_vec(),
            is_writable,
            scratch: scratch.path().to_owned(),
            terminal: None,
            grace: Duration::from_secs(5),
            network: super::Network::Host,
            forwards: Vec::new(),
            has_terminal: false,
        };
        let (stop, kill) = (Cancel::new().unwrap(), Cancel::new().unwrap());
        match run(&system, &plan, &stop, &kill) {
            Ok(ended) => ended,
            // Where there are no namespaces nothing can be tested.
            Err(SystemRunError::Run(error)) => panic!("{}", crate::causes(&error)),
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(check("exit 7", false), Ended::Exited(7));
    assert_eq!(check("test $$ = 1 && test `busybox id -u` = 7", false), Ended::Exited(0));
    assert_eq!(check("test `busybox hostname` = shop", false), Ended::Exited(0));
    assert_eq!(check("echo > /etc/new", false), Ended::Exited(1), "the root is read-only");
    assert_eq!(
        check("echo > /tmp/new && echo > /dev/null && test -r /etc/resolv.conf", false),
        Ended::Exited(0)
    );
    assert_eq!(
        check("test -e /root -o -e /home", false),
        Ended::Exited(1),
        "the machine is not seen"
    );
    let write = "echo 1 > /var/x && test `cat /var/x` = 1";
    assert_eq!(check(write, true), Ended::Exited(0), "the directory is the user's own");
    assert_eq!(check("echo > /usr/x", true), Ended::Exited(1), "and this one is not");
}

/// A port of the machine leads into a network where nothing else of the machine is.
#[test]
fn ports_lead_into_a_network_of_its_own() {
    use std::io::Read as _;

    let busybox = std::path::Path::new("/bin/busybox");
    if !busybox.exists() {
        eprintln!("skipped: there is no /bin/busybox");
        return;
    }
    let fixture = Fixture::new();
    fixture.add_program("usr/bin/busybox", &std::fs::read(busybox).unwrap());
    let system = fixture.system();
    let scratch = tempfile::tempdir().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let script = "busybox ip -o link | busybox wc -l > /tmp/links; \
        while true; do busybox nc -l -p 7070 < /tmp/links; done";
    let plan = RunPlan {
        users: users(&system).unwrap(),
        command: ["/usr/bin/busybox", "sh", "-c", script].map(str::to_owned).to_vec(),
        is_writable: false,
        scratch: scratch.path().to_owned(),
        terminal: None,
        grace: Duration::from_secs(5),
        network: super::Network::Private,
        forwards: vec![super::Forward { listener, port: 7070 }],
        has_terminal: false,
    };
    let (stop, kill) = (Cancel::new().unwrap(), Cancel::new().unwrap());
    let (said, ended) = std::thread::scope(|scope| {
        let running = scope.spawn(|| run(&system, &plan, &stop, &kill));
        let deadline = std::time::Instant::now() + Duration::from_mins(1);
        let mut said = String::new();
        // Until somebody listens connections end at once.
        while said.is_empty() && std::time::Instant::now() < deadline && !running.is_finished() {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            drop(stream.read_to_string(&mut said));
        }
        kill.cancel();
        // It is the first one that wakes who waits.
        stop.cancel();
        (said, running.join().unwrap())
    });
    assert_eq!(said.trim(), "1", "its own loopback only");
    assert_eq!(ended.unwrap(), Ended::Killed(9));
}
