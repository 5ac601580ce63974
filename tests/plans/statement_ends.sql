SELECT ';', $$;$$, $tag$ $$;$$ $tag$, (1; 2), /* ; /* nested ; */ ; */ 3;
SELECT E'a\';', U&'\0061;', 'a' -- ;
 ';b';
CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC
  SELECT CASE WHEN true THEN 1 END;
  SELECT 2;
END;
BEGIN \; SELECT 1 \; COMMIT;
-- the last one needs no semicolon
SELECT 'end'
