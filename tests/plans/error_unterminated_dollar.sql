SELECT $x$ abc $$;
