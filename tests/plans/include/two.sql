SELECT 'two';
