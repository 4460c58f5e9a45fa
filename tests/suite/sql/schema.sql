create extension citext;
create type mood as enum ('sad', 'ok', 'happy');
create domain email as text check (value like '%@%');
create domain short as varchar(20);
create type pair as (a int, b text);
create schema other;
create type other."Mood" as enum ('x');
create table users (
    id uuid primary key default gen_random_uuid(),
    email email not null,
    name varchar(50),
    code char(3),
    age smallint,
    score numeric(10, 2),
    ratio real,
    born date,
    seen timestamptz,
    seen3 timestamptz(3),
    local timestamp,
    at time,
    span interval,
    tags text[],
    numbers int[],
    data jsonb,
    raw json,
    mood mood,
    nick short,
    active boolean,
    big bigint,
    addr inet,
    bits bit(3),
    bytes bytea,
    login citext
);
create table teams (id bigint generated always as identity primary key, title text, owner uuid references users, period daterange);
create table members (team_id bigint references teams, user_id uuid references users, role text, since timestamptz default now(), primary key (team_id, user_id));
create table other.things (id int, "Odd Name" text, kind other."Mood");
create view adults as select id, name from users where age >= 18;
create function is_member(team bigint) returns boolean language sql stable as 'select true';
create function is_member(team bigint, who uuid, strict boolean default false) returns boolean language sql stable as 'select true';
create function members_of(team bigint) returns setof members language sql stable as 'select * from members where team_id = team';
create function stats(in team bigint, out n bigint, out label text) language sql stable as 'select 1::bigint, ''x''::text';
create function rows_of(n int) returns table (k int, v text) language sql as 'select 1, ''x''::text';
create function names(variadic parts text[]) returns text language sql immutable as 'select ''x''';
create function pick(x anyelement, y anyelement) returns anyelement language sql immutable as 'select x';
create function one_out(out answer int) language sql as 'select 42';
create function full_name(u users) returns text language sql stable as 'select u.name';
create function other.hidden() returns int language sql as 'select 1';
