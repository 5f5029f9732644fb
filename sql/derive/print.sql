-- Prints the table `needed` as the file sql/grants.sql.
select '-- Only the privileges that each handler''s statements need. Written by `make grants`, applied by `fettle migrate`.';
select coalesce(n.line, format('-- fettle_%s needs no privileges', a.grp))
  from (select distinct grp from asked) a
  left join (select grp, relation, kind,
                    format('grant %s%s on %s to fettle_%s;', kind, ' (' || string_agg(quote_ident(col), ', ' order by place) || ')', relation, grp) as line
               from needed group by grp, relation, kind) n using (grp)
 order by a.grp, n.relation, array_position('{select,insert,update,delete,execute}'::text[], n.kind);
