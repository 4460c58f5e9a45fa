create role app_fixed;
grant app_reader to app_fixed with inherit false, set false;
create subscription lax connection 'dbname=nowhere password=sw0rdfish' publication p with (connect = false, slot_name = none, run_as_owner, password_required = false);
