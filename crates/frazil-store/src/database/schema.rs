//! The tables of the database: Nix's schema of version 10.
//!
//! Programs of other makers open the same file, so nothing may be added to it that they do not
//! know.

/// The version of the tables below, which stands in a file of its own.
pub const VERSION: u32 = 10;

/// Creates the tables, as far as they do not exist.
///
/// References are deleted with their referrer, and keep what they refer to; a reference to itself
/// must not, so a trigger removes it first.
pub(super) const CREATE: &str = "
create table if not exists ValidPaths (
    id               integer primary key autoincrement not null,
    path             text unique not null,
    hash             text not null,
    registrationTime integer not null,
    deriver          text,
    narSize          integer,
    ultimate         integer,
    sigs             text,
    ca               text
);

create table if not exists Refs (
    referrer  integer not null,
    reference integer not null,
    primary key (referrer, reference),
    foreign key (referrer) references ValidPaths(id) on delete cascade,
    foreign key (reference) references ValidPaths(id) on delete restrict
);
create index if not exists IndexReferrer on Refs(referrer);
create index if not exists IndexReference on Refs(reference);

create trigger if not exists DeleteSelfRefs before delete on ValidPaths
  begin
    delete from Refs where referrer = old.id and reference = old.id;
  end;

create table if not exists DerivationOutputs (
    drv  integer not null,
    id   text not null,
    path text not null,
    primary key (drv, id),
    foreign key (drv) references ValidPaths(id) on delete cascade
);
create index if not exists IndexDerivationOutputs on DerivationOutputs(path);

create table if not exists SchemaMigrations (migration text primary key not null);
";
