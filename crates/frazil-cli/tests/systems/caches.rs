//! Stores in memory.

use std::os::unix::fs::MetadataExt as _;

use crate::example::Example;
use crate::wire::Wire;

#[test]
fn redis() {
    Example::of("redis").at_both_levels().used(|system| {
        let mut redis = Wire::to(system, 6379);
        redis.ask("PING\r\n", "+PONG");
        redis.ask("SET beam 42\r\n", "+OK");
        redis.ask("INCR beam\r\n", ":43");
        redis.ask("EVAL \"return redis.call('GET', 'beam')\" 0\r\n", "$2");
        assert_eq!(redis.line(), "43");
        let state = std::fs::metadata(system.path("/var/lib/redis")).unwrap();
        assert_eq!((state.uid(), state.mode() & 0o7777), (system.uid("redis"), 0o750));
    });
}

#[test]
fn memcached() {
    Example::of("memcached").at_both_levels().used(|system| {
        let mut memcached = Wire::to(system, 11211);
        memcached.ask("set beam 0 0 2\r\n42\r\n", "STORED");
        memcached.ask("get beam\r\n", "VALUE beam 0 2");
        assert_eq!(memcached.line(), "42");
        assert_eq!(memcached.line(), "END");
        // `maxMemory` of the example, in bytes.
        memcached.say("stats settings\r\n");
        assert_eq!(memcached.line(), "STAT maxbytes 268435456");
    });
}
