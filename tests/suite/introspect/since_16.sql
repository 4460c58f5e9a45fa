create role app_fixed;
grant app_reader to app_fixed with inherit false, set false;
