create table app.newer (
    id int,
    twice int generated always as (id * 2) virtual,
    soon int,
    sure int not null,
    constraint loose check (id > 0) not enforced
);
alter table app.newer add constraint soon_set not null soon not valid;
alter default privileges for role app_owner grant select on large objects to app_reader;
