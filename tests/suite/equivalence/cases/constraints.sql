-- case: generated names
create table t (
    id int primary key, a int unique, b int check (b > 0), c int references t, d int, e int, unique (d, e), check (d > e), check (d < 100 and e < 100),
    foreign key (d) references t (a)
);
alter table t add check (a > 0);
alter table t add check (a < 10);
alter table t add unique (e);
alter table t add foreign key (e) references t;
create index on t (a);
create index on t (a);
create index on t (d, e);
create index on t (lower(d::text));
create index on t ((d + e), a);
create unique index on t (b desc) where b is not null;

-- case: names that are cut
create table a_rather_long_name_of_a_table_that_is_used_here (a_rather_long_name_of_a_column_as_well int unique check (a_rather_long_name_of_a_column_as_well > 0), b int);
alter table a_rather_long_name_of_a_table_that_is_used_here add unique (a_rather_long_name_of_a_column_as_well, b);
alter table a_rather_long_name_of_a_table_that_is_used_here add foreign key (b) references a_rather_long_name_of_a_table_that_is_used_here (a_rather_long_name_of_a_column_as_well);
create index on a_rather_long_name_of_a_table_that_is_used_here (a_rather_long_name_of_a_column_as_well, b);
create table "an identifier that is longer than sixty-three bytes, as some generators write them" ("another identifier that is longer than sixty-three bytes, it will be cut" int);

-- case: names that collide
create table t_a_key (x int);
create table t (a int unique);
create sequence u_pkey;
create table u (id int primary key);
create table w (a int, constraint w_a_check check (a > 1));
alter table w add check (a > 2);
alter table w add constraint w_a_check check (a > 3);
create index t_a_idx on u (id);
create index on t (a);
alter table t add constraint dup unique (a);
alter table u add constraint dup unique (id);

-- case: primary keys
create table t (a int, b int, primary key (a, b));
create table u (a int constraint named primary key);
alter table u add primary key (a);
create table w (a int);
alter table w add constraint w_key primary key (a);
alter table w drop constraint w_key;
create table x (a int primary key, b int primary key);
create unique index ux on w (a);
alter table w add constraint w_from_index unique using index ux;
create table y (a int);
create unique index uy on y (a);
alter table y add primary key using index uy;

-- case: foreign keys
create table p (id int primary key, other int unique, x int, y int, unique (x, y));
create table c (
    a int references p on delete cascade, b int references p (other) on update set null on delete restrict, c int, d int,
    foreign key (c, d) references p (x, y) match full on delete set default deferrable initially deferred
);
alter table c add constraint late foreign key (a) references p (id) not valid;
alter table c validate constraint late;
alter table c add foreign key (d) references p (x);
alter table c add foreign key (d) references nope;
alter table c add foreign key (nope) references p;
alter table c alter constraint late deferrable initially deferred;
create table e (a int references p not deferrable);
drop table p;
alter table p drop constraint p_pkey;
alter table p drop constraint p_pkey cascade;

-- case: set null of some columns
-- since: 15
create table p (x int, y int, primary key (x, y));
create table c (a int, b int, foreign key (a, b) references p on delete set null (b));

-- case: checks
create table t (a int constraint positive check (a > 0), b text, constraint pair check (a > 1 or b <> 'x') no inherit);
alter table t add constraint late check (b in ('x', 'y', 'z')) not valid;
alter table t validate constraint late;
alter table t rename column a to "A a";
alter table t drop constraint positive;
alter table t drop constraint if exists nope;
alter table t drop constraint nope;
alter table t rename constraint pair to pear;
alter table t add check (nope > 0);
alter table t drop column "A a";
alter table t add constraint c1 check (b = any (array['a', 'b'])), add constraint c2 check (length(b) between 1 and 5);

-- case: exclusion and unique variants
create table t (a int, r int4range, exclude using gist (r with &&), constraint apart exclude using btree (a with =) where (a > 0));
alter table t add unique (a) include (r);
alter table t add constraint named primary key (a) include (r);
create table part (a int, b int, c int, unique (a) include (b, c)) partition by list (a);
create table part_1 partition of part for values in (1);
create index on part (b) include (c);
create unique index made on t (a) include (r);
alter table t add constraint made unique using index made;
create table copy (like part including all);
alter table part drop column c;
alter table t drop column r;
alter table t add constraint later unique (a) deferrable initially deferred;

-- case: nulls not distinct
-- since: 15
create table t (a int unique nulls not distinct, b int);
create unique index on t (b) nulls not distinct;

-- case: indexes of all kinds
create table t (a int, b text, c jsonb, d int[]);
create index i1 on t using hash (b);
create index i2 on t using gin (c);
create index i3 on t using gin (d);
create index i4 on t (a asc nulls first, b desc);
create unique index i5 on t (lower(b), a) include (d) where a > 0 and b is not null;
create index i6 on t (b text_pattern_ops);
create index i7 on t using brin (a);
create index i8 on only t (a) with (fillfactor = 70);
create index i9 on t ((c ->> 'x'));
create index ia on t (coalesce(a, 0));
alter index i1 rename to j1;
drop index i2, i3;
drop index if exists i2;
drop index i2;
drop index t;
alter table t rename column b to bb;
alter table t drop column a;
create index ib on nope (a);
create index ic on t (nope);

-- case: dropping what a constraint stands on
create table p (id int primary key, u int unique);
create table c (a int references p (u));
drop index p_u_key;
alter table p drop column u;
alter table p drop column u cascade;
alter table p drop column id;

-- case: not enforced and not null constraints
-- since: 18
create table t (a int constraint later check (a > 0) not enforced, b int constraint b_there not null, c int);
create table p (id int primary key);
alter table t add constraint fk foreign key (a) references p not enforced;
alter table t add constraint nn not null c not valid;
alter table t validate constraint nn;
alter table t drop constraint b_there;
alter table t drop constraint b_there;
alter table t add d int not null, add constraint e_there check (a > 1);
alter table t add e int constraint e_there not null;
alter table t add e int constraint e_is not null;
alter table t rename constraint t_d_not_null to d_is;
alter table t rename to tt;
alter table tt add f serial;
alter table tt drop constraint tt_f_not_null;
alter table tt drop constraint d_is;
alter table tt drop constraint tt_d_not_null;
create table child () inherits (tt);
alter table child drop constraint e_is;
alter table tt drop constraint e_is;
alter table p drop constraint p_id_not_null;
create table like_p (like p);
alter table like_p drop constraint p_id_not_null;
create table g (a int, b int generated always as (a * 2));

-- case: NOT NULL of parents and children
create table p (id int not null, n int not null);
create table c () inherits (p);
create table part (id int not null, n int) partition by list (id);
create table part_1 partition of part for values in (1);
alter table c alter column id drop not null;
alter table part_1 alter column id drop not null;
alter table p alter column n drop not null;
alter table part alter column id drop not null;
alter table c alter column id set not null;
alter table c no inherit p;
alter table c alter column id drop not null;

-- case: exclusions as they are printed
create table t (a int, r tstzrange, s timestamptz, e timestamptz, off boolean,
  constraint one EXCLUDE USING gist (
    tstzrange(s, e)
      WITH &&,
    r with pg_catalog.&&
  )
  WHERE (off = false AND a IS NOT NULL AND s >= '2026-07-23T00:00:00Z') deferrable,
  exclude (a with =, (a + 1) with =)
);
