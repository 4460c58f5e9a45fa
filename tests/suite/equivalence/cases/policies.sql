-- case: the forms of a policy
create role a;
create role b;
create table t (id int, owner_id int, name text);
alter table t enable row level security;
create policy p1 on t using (owner_id = 1);
create policy p2 on t for select to a using (name = 'x' and id in (1, 2, 3));
create policy p3 on t as restrictive for insert to a, b with check (id > 0 or name like 'x%');
create policy p4 on t for update using (true) with check (owner_id = 1);
create policy p5 on t for delete to public using (not (id between 1 and 3));
create policy "P 6" on public.t for all to current_user using (name is not null);
create policy p7 on t for insert using (true);
create policy p8 on t for select with check (true);
create policy p1 on t using (false);

-- case: switches of row security
create table t (id int);
alter table t enable row level security, force row level security;
create table u (id int);
alter table u enable row level security;
alter table u disable row level security;
alter table if exists nope enable row level security;
alter table nope enable row level security;
create view v as select 1 as x;
alter table v enable row level security;
alter table only t no force row level security;

-- case: altering and renaming policies
create role a;
create table t (id int);
create policy p on t using (id > 0);
alter policy p on t to a;
alter policy p on t using (id > 1) with check (id > 2);
alter policy p on t rename to q;
alter policy p on t rename to r;
create policy i on t for insert with check (true);
alter policy i on t using (true);
alter policy i on t to public, a;
drop policy if exists p on t;
drop policy p on t;
drop policy if exists p on nope;
drop policy p on nope;
drop policy q on t;

-- case: a renamed column, table, schema and function stay meant
create schema s;
create table s.t (id int, owner_id int);
create table s.m (t_id int, user_id int);
create function s.me() returns int language sql stable as 'select 1';
create policy p on s.t using (owner_id = s.me() and exists (select 1 from s.m where m.t_id = t.id and m.user_id = s.me()));
alter table s.t rename column owner_id to boss;
alter table s.m rename to members;
alter function s.me() rename to who;
alter table s.members rename t_id to "T id";
alter schema s rename to app;

-- case: what a policy uses cannot be dropped without cascade
create table t (id int, owner_id int);
create table m (t_id int);
create function me() returns int language sql stable as 'select 1';
create policy p on t using (owner_id = me());
create policy q on t using (exists (select 1 from m where m.t_id = t.id));
alter table t drop column owner_id;
drop function me();
drop table m;
drop table m cascade;
alter table t drop column owner_id cascade;
drop function me();

-- case: drop function cascade takes policies along
create table t (id int);
create function me() returns int language sql stable as 'select 1';
create function me(x int) returns int language sql stable as 'select 1';
create policy p on t using (id = me());
create policy q on t using (id = me(2));
create policy r on t using (true);
drop function me() cascade;
drop function me(int) restrict;

-- case: drop type cascade takes columns and policies along
create type kind as enum ('x', 'y');
create table t (id int, k kind default 'x', l kind[]);
create policy p on t using (k = 'x');
create policy q on t using (id = 1);
create view v as select id, k from t;
create function f(a kind) returns int language sql as 'select 1';
drop type kind;
drop type kind cascade;

-- case: column names inside of sub-selects
create table t (id int, team int);
create table m (id int, team int, who text);
create policy p on t using (exists (select 1 from m where m.team = team));
create policy q on t using (id in (select id from m where who = current_user));
create policy r on t using (team = (select max(x.team) from m x where x.id = t.id));
create policy s on t using ((select count(*) from m) > 0);
create policy u on t using (exists (select * from m join t t2 on t2.id = m.id where t2.team = t.team));

-- case: literals and casts
create table t (id uuid, n int, s varchar(10), j jsonb, d timestamptz, b boolean, arr text[]);
create policy p1 on t using (id = '00000000-0000-0000-0000-000000000001');
create policy p2 on t using (s = 'x' or s in ('a', 'b'));
create policy p3 on t using (j ->> 'role' = 'admin' and (j -> 'a' ->> 'b')::int = 1);
create policy p4 on t using (d > now() - interval '1 day');
create policy p5 on t using ('x' = any (arr));
create policy p6 on t using (b is true and b is not false);
create policy p7 on t using (coalesce(s, '') <> '' and nullif(n, 0) is not null);
create policy p8 on t using (case when n > 1 then b else false end);
create policy p9 on t using (n % 2 = 0 and -n < 5);
create policy pa on t using (id::text = current_setting('app.user', true));
create policy pb on t using (s ~ '^x' and s not like '%y' and s ilike 'z');
create policy pc on t using (n is distinct from 3);

-- case: errors in policies are refused
create table t (id int);
create policy p on t using (nope = 1);
create policy p on t using (nofunction(id));
create policy p on t to nobody_here using (true);
create policy p on t using (id);
create policy p on nope using (true);
create policy p on t using (exists (select 1 from nope));
create view v as select 1 as x;
create policy p on v using (true);

-- case: literals that are none of their type
create type mood as enum ('sad', 'happy');
create domain small as smallint;
create table t (id int, m mood, u uuid, b boolean, j jsonb, n numeric, s small);
create policy p on t using (id = 'x');
create policy p on t using (id = ' 12 ');
create policy q on t using (m = 'angry');
create policy q on t using (m = 'sad' or m in ('happy', 'sad') or m <> any ('{sad}'));
create policy r on t using (u = 'abc');
create policy r on t using (u = 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11' or u = '{a0eebc999c0b4ef8bb6d6bb9bd380a11}');
create policy s on t using (b = 'maybe');
create policy s on t using (b = 'of' or b = ' T ' or b = '0');
create policy v on t using (j = '{a: 1}');
create policy v on t using (j @> '{"a": [1, null]}' or (j -> 'a') = '1');
create policy w on t using (n = '1e' or n > 'much');
create policy w on t using (n = '1e5' or n = '.5' or n = 'NaN');
create policy x on t using (s = '70000');
create policy x on t using ('40'::small = s and 'x'::text = 'y');
create policy y on t using (id = '3000000000');
create policy y on t using (id = '0x10');
alter table t alter column u set default 'none';
alter table t add column c mood default 'angry';
alter table t add constraint k check (b is distinct from 'perhaps'::boolean);
create function f(a mood default 'angry') returns int language sql as 'select 1';

-- case: forced and not forced
create table forced (a int);
alter table forced enable row level security;
alter table forced force row level security;
create table only_forced (a int);
alter table only_forced force row level security;
create table not_forced (a int);
alter table not_forced enable row level security;

-- case: a policy keeps the function that it was made with when others of its name come
create table teams (id int, owner text);
create function may(team int) returns boolean language sql stable as $$ select team > 0 $$;
create function alone(team int) returns boolean language sql stable as $$ select team > 0 $$;
create policy before_it on teams using (may(id) and alone(id));
create function may(team int, how text default 'read') returns boolean language sql stable as $$ select true $$;
create function may(team bigint) returns boolean language sql stable as $$ select true $$;
create policy after_it on teams for insert with check (may(id, 'write') or may(id::bigint));
create function same(a text, b text) returns boolean language sql immutable as $$ select a = b $$;
create function same(a int, b int) returns boolean language sql immutable as $$ select a = b $$;
create operator === (leftarg = text, rightarg = text, function = same);
create policy by_operator on teams using (owner === 'x');
drop function may(bigint) cascade;

-- case: patterns over citext
-- supabase
create extension if not exists citext with schema extensions;
create table t (id int, email extensions.citext, w text);
create policy a on t for select using (email ~* '^[a-z]+@x[.]org$');
create policy b on t for insert with check (email ~ '^a' and email !~ 'b'::text and email !~* w);
create policy c on t for update using (email like 'a%' or email ilike w or email not like 'b%') with check (email not ilike '%z');
create policy d on t for delete using (w ~ 'a' and email = w and email <> 'Admin');
