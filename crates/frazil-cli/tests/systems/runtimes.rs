//! Programs in languages that bring a library of their own.

use crate::container::Container;
use crate::example::Example;
use crate::wire::get;

fn serves(system: &Container) {
    let (status, body) = get(system, 8080, "/");
    assert!(status.contains("200 OK") && body == "It runs.\n", "{status}\n{body}");
}

/// Some that are written in C, load libraries, read data, or are loaded by computed names.
const PYTHON: &str = "import array, ast, asyncio, base64, bz2, collections, concurrent.futures, \
    configparser, csv, ctypes, dataclasses, datetime, decimal, difflib, email.mime.text, \
    encodings.idna, fractions, gzip, hashlib, html.parser, http.client, importlib.metadata, \
    inspect, ipaddress, json, locale, logging.handlers, lzma, math, multiprocessing, pathlib, \
    pickle, random, re, secrets, shutil, sqlite3, ssl, statistics, string, subprocess, tarfile, \
    tempfile, threading, tomllib, typing, unicodedata, urllib.request, uuid, xml.etree.ElementTree, \
    zipfile, zlib, zoneinfo";

#[test]
fn python() {
    Example::of("python").at_both_levels().used(|system| {
        serves(system);
        let program = format!(
            "{PYTHON}; \
             print(sqlite3.connect(':memory:').execute('select 6 * 7').fetchone()[0]); \
             print(hashlib.sha3_256(b'').hexdigest()[:8]); \
             print('m\u{fc}nchen'.encode('idna').decode()); \
             print(datetime.datetime(2026, 7, 1, tzinfo=zoneinfo.ZoneInfo('Europe/Berlin')).utcoffset()); \
             print(xml.etree.ElementTree.fromstring('<a b=\"c\"/>').attrib); \
             print(len(ssl.create_default_context().get_ca_certs()) > 100)"
        );
        let said = system.run(&["python3", "-c", &program]).unwrap();
        assert_eq!(said, "42\na7ffc6f8\nxn--mnchen-3ya\n2:00:00\n{'b': 'c'}\nTrue\n");
    });
}

#[test]
fn nodejs() {
    Example::of("nodejs").used(|system| {
        serves(system);
        let program = "const { gzipSync, gunzipSync } = require('node:zlib'); \
            console.log(gunzipSync(gzipSync('42')).toString(), \
            require('node:crypto').createHash('sha256').update('').digest('hex').slice(0, 8), \
            new Intl.NumberFormat('de').format(1234.5))";
        let said = system.run(&["node", "-e", program]).unwrap();
        assert_eq!(said, "42 e3b0c442 1.234,5\n");
    });
}

#[test]
fn perl() {
    Example::of("perl").used(serves);
}

#[test]
fn ruby() {
    Example::of("ruby").used(|system| {
        serves(system);
        let program = "require 'json'; require 'set'; require 'digest'; require 'zlib'; \
            require 'openssl'; require 'yaml'; require 'time'; \
            puts JSON.dump(YAML.load('a: [1, 2]')), Digest::SHA256.hexdigest('')[0, 8]";
        let said = system.run(&["ruby3.3", "-e", program]).unwrap();
        assert_eq!(said, "{\"a\":[1,2]}\ne3b0c442\n");
    });
}

#[test]
fn php_cli() {
    Example::of("php-cli").used(|system| {
        serves(system);
        let program = "echo json_encode(['a' => 1]), hash('crc32b', ''), PHP_EOL;";
        assert_eq!(system.run(&["php8.4", "-r", program]).unwrap(), "{\"a\":1}00000000\n");
    });
}

#[test]
fn java() {
    Example::of("java").used(serves);
}
