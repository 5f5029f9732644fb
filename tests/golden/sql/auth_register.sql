-- POST /api/v1/auth/register
-- $1 body.username $2 body.email $3 body.first_name $4 body.last_name $5 extra.password_hash $6 system.ip
with
answer as (
    select made.*
      from register_account($1::text, $2::text, $3::text, $4::text, $5::text,
                            $6::text) made
), me as (
    select answer.id from answer
)
select null as refusal, false as touch, me.id as caller,
       it."id",
       it."username",
       case when it.id = me.id or false then it."email" end,
       it."first_name",
       it."last_name",
       case when it.id = me.id or false then it."is_active" end,
       case when it.id = me.id or false then it."is_superuser" end,
       '["employee"]',
       case when it.id = me.id or false then it."date_joined" end,
       case when it.id = me.id or false then it."last_login" end,
       it."version"
  from (values (true)) as one left join answer it on true left join me on true;

