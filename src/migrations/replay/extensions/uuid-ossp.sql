-- The functions of uuid-ossp 1.1, as its manual lists them.
create function extensions.uuid_nil() returns uuid language c immutable strict as '$libdir/uuid-ossp', 'uuid_nil';
create function extensions.uuid_ns_dns() returns uuid language c immutable strict as '$libdir/uuid-ossp', 'uuid_ns_dns';
create function extensions.uuid_ns_url() returns uuid language c immutable strict as '$libdir/uuid-ossp', 'uuid_ns_url';
create function extensions.uuid_ns_oid() returns uuid language c immutable strict as '$libdir/uuid-ossp', 'uuid_ns_oid';
create function extensions.uuid_ns_x500() returns uuid language c immutable strict as '$libdir/uuid-ossp', 'uuid_ns_x500';
create function extensions.uuid_generate_v1() returns uuid language c volatile strict as '$libdir/uuid-ossp', 'uuid_generate_v1';
create function extensions.uuid_generate_v1mc() returns uuid language c volatile strict as '$libdir/uuid-ossp', 'uuid_generate_v1mc';
create function extensions.uuid_generate_v3(namespace uuid, name text) returns uuid language c immutable strict as '$libdir/uuid-ossp', 'uuid_generate_v3';
create function extensions.uuid_generate_v4() returns uuid language c volatile strict as '$libdir/uuid-ossp', 'uuid_generate_v4';
create function extensions.uuid_generate_v5(namespace uuid, name text) returns uuid language c immutable strict as '$libdir/uuid-ossp', 'uuid_generate_v5';
