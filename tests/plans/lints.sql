\set name 'x'
BEGIN;
SELECT 'hello :name', 'at 12:30', 'other:thing', '{"a":true}';
