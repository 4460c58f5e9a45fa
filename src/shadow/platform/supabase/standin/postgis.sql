-- pgwitness stand-in for postgis: types, casts and the functions most used, no geometry.
create function extensions.geometry_in(cstring) returns extensions.geometry language internal immutable strict as 'textin';
create function extensions.geometry_out(extensions.geometry) returns cstring
    language internal immutable strict as 'textout';
create function extensions.geometry_typmod_in(cstring[]) returns integer
    language internal immutable strict as 'array_ndims';
create type extensions.geometry (
    input = extensions.geometry_in, output = extensions.geometry_out, typmod_in = extensions.geometry_typmod_in,
    like = text);
create function extensions.geography_in(cstring) returns extensions.geography
    language internal immutable strict as 'textin';
create function extensions.geography_out(extensions.geography) returns cstring
    language internal immutable strict as 'textout';
create function extensions.geography_typmod_in(cstring[]) returns integer
    language internal immutable strict as 'array_ndims';
create type extensions.geography (
    input = extensions.geography_in, output = extensions.geography_out, typmod_in = extensions.geography_typmod_in,
    like = text);
create type extensions.geometry_dump as (path integer[], geom extensions.geometry);
create table extensions.spatial_ref_sys (
    srid integer not null primary key, auth_name varchar(256), auth_srid integer, srtext varchar(2048),
    proj4text varchar(2048));
grant select on extensions.spatial_ref_sys to public;
create cast (extensions.geometry as text) without function as assignment;
create cast (text as extensions.geometry) without function as implicit;
create cast (extensions.geography as text) without function as assignment;
create cast (text as extensions.geography) without function as implicit;
create cast (extensions.geometry as extensions.geography) without function as implicit;
create cast (extensions.geography as extensions.geometry) without function;
create function extensions.st_distance(extensions.geometry, extensions.geometry) returns double precision
    language sql immutable strict as 'select 0::double precision';
create function extensions.st_dwithin(extensions.geometry, extensions.geometry, double precision) returns boolean
    language sql immutable strict as 'select true';
create function extensions.st_intersects(extensions.geometry, extensions.geometry) returns boolean
    language sql immutable strict as 'select true';
create function extensions.st_covers(extensions.geometry, extensions.geometry) returns boolean
    language sql immutable strict as 'select true';
create function extensions.st_coveredby(extensions.geometry, extensions.geometry) returns boolean
    language sql immutable strict as 'select true';
create function extensions.st_area(extensions.geometry) returns double precision
    language sql immutable strict as 'select 0::double precision';
create function extensions.st_length(extensions.geometry) returns double precision
    language sql immutable strict as 'select 0::double precision';
create function extensions.st_astext(extensions.geometry) returns text
    language sql immutable strict as $$ select ''::text $$;
create function extensions.st_asgeojson(geom extensions.geometry, maxdecimaldigits integer default 9, options integer default 8) returns text
    language sql immutable strict as $$ select ''::text $$;
create function extensions.st_srid(extensions.geometry) returns integer
    language sql immutable strict as 'select 0';
create function extensions.st_buffer(extensions.geometry, double precision) returns extensions.geometry
    language sql immutable strict as $$ select ''::extensions.geometry $$;
create function extensions.st_centroid(extensions.geometry) returns extensions.geometry
    language sql immutable strict as $$ select ''::extensions.geometry $$;
create function extensions.st_distance(extensions.geography, extensions.geography) returns double precision
    language sql immutable strict as 'select 0::double precision';
create function extensions.st_dwithin(extensions.geography, extensions.geography, double precision) returns boolean
    language sql immutable strict as 'select true';
create function extensions.st_intersects(extensions.geography, extensions.geography) returns boolean
    language sql immutable strict as 'select true';
create function extensions.st_covers(extensions.geography, extensions.geography) returns boolean
    language sql immutable strict as 'select true';
create function extensions.st_coveredby(extensions.geography, extensions.geography) returns boolean
    language sql immutable strict as 'select true';
create function extensions.st_area(extensions.geography) returns double precision
    language sql immutable strict as 'select 0::double precision';
create function extensions.st_length(extensions.geography) returns double precision
    language sql immutable strict as 'select 0::double precision';
create function extensions.st_astext(extensions.geography) returns text
    language sql immutable strict as $$ select ''::text $$;
create function extensions.st_asgeojson(geom extensions.geography, maxdecimaldigits integer default 9, options integer default 8) returns text
    language sql immutable strict as $$ select ''::text $$;
create function extensions.st_srid(extensions.geography) returns integer
    language sql immutable strict as 'select 0';
create function extensions.st_buffer(extensions.geography, double precision) returns extensions.geography
    language sql immutable strict as $$ select ''::extensions.geography $$;
create function extensions.st_centroid(extensions.geography) returns extensions.geography
    language sql immutable strict as $$ select ''::extensions.geography $$;
create function extensions.st_distance(extensions.geography, extensions.geography, boolean) returns double precision
    language sql immutable strict as 'select 0::double precision';
create function extensions.st_dwithin(extensions.geography, extensions.geography, double precision, boolean) returns boolean
    language sql immutable strict as 'select true';
create function extensions.st_contains(extensions.geometry, extensions.geometry) returns boolean
    language sql immutable strict as 'select true';
create function extensions.st_within(extensions.geometry, extensions.geometry) returns boolean
    language sql immutable strict as 'select true';
create function extensions.st_equals(extensions.geometry, extensions.geometry) returns boolean
    language sql immutable strict as 'select true';
create function extensions.st_overlaps(extensions.geometry, extensions.geometry) returns boolean
    language sql immutable strict as 'select true';
create function extensions.st_touches(extensions.geometry, extensions.geometry) returns boolean
    language sql immutable strict as 'select true';
create function extensions.st_crosses(extensions.geometry, extensions.geometry) returns boolean
    language sql immutable strict as 'select true';
create function extensions.st_disjoint(extensions.geometry, extensions.geometry) returns boolean
    language sql immutable strict as 'select true';
create function extensions.st_x(extensions.geometry) returns double precision
    language sql immutable strict as 'select 0::double precision';
create function extensions.st_y(extensions.geometry) returns double precision
    language sql immutable strict as 'select 0::double precision';
create function extensions.st_z(extensions.geometry) returns double precision
    language sql immutable strict as 'select 0::double precision';
create function extensions.st_xmin(extensions.geometry) returns double precision
    language sql immutable strict as 'select 0::double precision';
create function extensions.st_xmax(extensions.geometry) returns double precision
    language sql immutable strict as 'select 0::double precision';
create function extensions.st_ymin(extensions.geometry) returns double precision
    language sql immutable strict as 'select 0::double precision';
create function extensions.st_ymax(extensions.geometry) returns double precision
    language sql immutable strict as 'select 0::double precision';
create function extensions.st_perimeter(extensions.geometry) returns double precision
    language sql immutable strict as 'select 0::double precision';
create function extensions.st_distancesphere(extensions.geometry, extensions.geometry) returns double precision
    language sql immutable strict as 'select 0::double precision';
create function extensions.st_isvalid(extensions.geometry) returns boolean
    language sql immutable strict as 'select true';
create function extensions.st_isempty(extensions.geometry) returns boolean
    language sql immutable strict as 'select true';
create function extensions.st_makepoint(double precision, double precision) returns extensions.geometry
    language sql immutable strict as $$ select ''::extensions.geometry $$;
create function extensions.st_makepoint(double precision, double precision, double precision) returns extensions.geometry
    language sql immutable strict as $$ select ''::extensions.geometry $$;
create function extensions.st_point(double precision, double precision) returns extensions.geometry
    language sql immutable strict as $$ select ''::extensions.geometry $$;
create function extensions.st_point(double precision, double precision, integer) returns extensions.geometry
    language sql immutable strict as $$ select ''::extensions.geometry $$;
create function extensions.st_setsrid(extensions.geometry, integer) returns extensions.geometry
    language sql immutable strict as $$ select ''::extensions.geometry $$;
create function extensions.st_transform(extensions.geometry, integer) returns extensions.geometry
    language sql immutable strict as $$ select ''::extensions.geometry $$;
create function extensions.st_geomfromtext(text) returns extensions.geometry
    language sql immutable strict as $$ select ''::extensions.geometry $$;
create function extensions.st_geomfromtext(text, integer) returns extensions.geometry
    language sql immutable strict as $$ select ''::extensions.geometry $$;
create function extensions.st_geogfromtext(text) returns extensions.geography
    language sql immutable strict as $$ select ''::extensions.geography $$;
create function extensions.st_geographyfromtext(text) returns extensions.geography
    language sql immutable strict as $$ select ''::extensions.geography $$;
create function extensions.st_geomfromgeojson(text) returns extensions.geometry
    language sql immutable strict as $$ select ''::extensions.geometry $$;
create function extensions.st_geomfromgeojson(json) returns extensions.geometry
    language sql immutable strict as $$ select ''::extensions.geometry $$;
create function extensions.st_geomfromgeojson(jsonb) returns extensions.geometry
    language sql immutable strict as $$ select ''::extensions.geometry $$;
create function extensions.st_makeenvelope(double precision, double precision, double precision, double precision, integer default 0) returns extensions.geometry
    language sql immutable strict as $$ select ''::extensions.geometry $$;
create function extensions.st_envelope(extensions.geometry) returns extensions.geometry
    language sql immutable strict as $$ select ''::extensions.geometry $$;
create function extensions.st_makevalid(extensions.geometry) returns extensions.geometry
    language sql immutable strict as $$ select ''::extensions.geometry $$;
create function extensions.st_simplify(extensions.geometry, double precision) returns extensions.geometry
    language sql immutable strict as $$ select ''::extensions.geometry $$;
create function extensions.st_multi(extensions.geometry) returns extensions.geometry
    language sql immutable strict as $$ select ''::extensions.geometry $$;
create function extensions.st_makeline(extensions.geometry, extensions.geometry) returns extensions.geometry
    language sql immutable strict as $$ select ''::extensions.geometry $$;
create function extensions.st_makepolygon(extensions.geometry) returns extensions.geometry
    language sql immutable strict as $$ select ''::extensions.geometry $$;
create function extensions.st_union(extensions.geometry, extensions.geometry) returns extensions.geometry
    language sql immutable strict as $$ select ''::extensions.geometry $$;
create function extensions.st_intersection(extensions.geometry, extensions.geometry) returns extensions.geometry
    language sql immutable strict as $$ select ''::extensions.geometry $$;
create function extensions.st_difference(extensions.geometry, extensions.geometry) returns extensions.geometry
    language sql immutable strict as $$ select ''::extensions.geometry $$;
create function extensions.st_expand(extensions.geometry, double precision) returns extensions.geometry
    language sql immutable strict as $$ select ''::extensions.geometry $$;
create function extensions.st_closestpoint(extensions.geometry, extensions.geometry) returns extensions.geometry
    language sql immutable strict as $$ select ''::extensions.geometry $$;
create function extensions.st_geometrytype(extensions.geometry) returns text
    language sql immutable strict as $$ select ''::text $$;
create function extensions.st_npoints(extensions.geometry) returns integer
    language sql immutable strict as 'select 0';
create function extensions.st_asbinary(extensions.geometry) returns bytea
    language sql immutable strict as $$ select ''::bytea $$;
create function extensions.st_geohash(extensions.geometry) returns text
    language sql immutable strict as $$ select ''::text $$;
create function extensions.postgis_version() returns text
    language sql immutable as $$ select 'stand-in'::text $$;
create function extensions.geometry_overlaps(extensions.geometry, extensions.geometry) returns boolean
    language sql immutable strict as 'select true';
create function extensions.geometry_distance(extensions.geometry, extensions.geometry) returns double precision
    language sql immutable strict as 'select 0::double precision';
create function extensions.geography_overlaps(extensions.geography, extensions.geography) returns boolean
    language sql immutable strict as 'select true';
create function extensions.geography_distance(extensions.geography, extensions.geography) returns double precision
    language sql immutable strict as 'select 0::double precision';
create operator extensions.&& (
    leftarg = extensions.geometry, rightarg = extensions.geometry, function = extensions.geometry_overlaps);
create operator extensions.<-> (
    leftarg = extensions.geometry, rightarg = extensions.geometry, function = extensions.geometry_distance);
create operator extensions.&& (
    leftarg = extensions.geography, rightarg = extensions.geography, function = extensions.geography_overlaps);
create operator extensions.<-> (
    leftarg = extensions.geography, rightarg = extensions.geography, function = extensions.geography_distance);
