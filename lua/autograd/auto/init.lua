--- autograd.auto: the classes that autograd.nn.AutoModule and AutoCriterion have made, by their names.
return {}
