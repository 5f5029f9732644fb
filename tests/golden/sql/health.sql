-- GET /api/v1/health
with
answer as (select 'ok' as status)
select null as refusal, false as touch, null as caller,
       it."status"
  from (values (true)) as one left join answer it on true;

