-- Views that statements read instead of repeating themselves.

-- What each user's roles allow. A superuser may everything, whatever stands here.
create or replace view user_permissions as
    select distinct ur.user_id, rp.code from user_roles ur join role_permissions rp using (role_id);
