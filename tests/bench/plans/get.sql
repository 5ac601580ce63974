\http page GET :url
