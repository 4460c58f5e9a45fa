create view app.v_invoker with (security_invoker = yes) as select id from app.person;
alter table app.person add constraint other_key unique nulls not distinct (other);
alter table app.person add constraint pair_fk foreign key (lead_id) references app.team on delete set null (lead_id);
create publication filtered for table app.team (id, name) where (id > 5);
create publication whole for tables in schema ext;
grant set on parameter session_replication_role, app.tenant to app_reader;
grant alter system on parameter work_mem to app_admin with grant option;
