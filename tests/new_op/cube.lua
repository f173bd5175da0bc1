row {'cube', uses = 'a', vjp = {function(g, _, a) return F.mul(F.mul(g, F.square(a)), 3) end}, sample = unary,
  doc = 'cube(x): x³'}
