\include include/missing.sql
