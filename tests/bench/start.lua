--- From the command to the first line of the user's code.
return {
  {name = 'th with torch and nn', goal = 0.05, command = [[-e "require 'nn'"]], peer = [[-c "import torch"]],
   peak = {[[-e "require 'nn' io.write(io.open('/proc/self/status'):read('*a'))"]],
           [[-c "import torch; print(open('/proc/self/status').read())"]]}},
}
