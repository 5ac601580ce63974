\retry 3 on=40001,oops
SELECT 1;
