--- autograd.module.SoftAttention(options[, params]): Show, Attend and Tell's attention (Xu and others 2015); gives
-- f(params, subject, h) and params. f gives the subject's vectors averaged by attention, [batch ×] subjectFeatures,
-- and the attention, [batch ×] subjectChoices. subject: [batch ×] subjectFeatures × subjectChoices; h: [batch ×]
-- hiddenFeatures. options: subjectFeatures (15), subjectChoices (20), hiddenFeatures (10), layerNormalization
-- (false).
--   local f, params = autograd.module.SoftAttention{hiddenFeatures = 4, subjectFeatures = 3, subjectChoices = 5}
--   local seen, attention = f(params, torch.randn(3, 5), torch.randn(4))
local torch = require 'torch'
local op = require 'torch.op'
local common = require 'autograd.model.common'
local LayerNormalization = require 'autograd.module.LayerNormalization'

local F = op.F

return function(options, params)
  local o = common.options(options, {hiddenFeatures = 10, subjectFeatures = 15, subjectChoices = 20})
  local own = {W_att_subject = torch.zeros(1, 1, o.subjectFeatures),
               W_att_h = torch.zeros(o.hiddenFeatures, o.subjectChoices)}
  local normalise, norm
  if o.layerNormalization then
    normalise, norm = LayerNormalization{nOutputs = o.subjectChoices}
    own.focus_ln_gain, own.focus_ln_bias = norm[1].gain, norm[1].bias
  else
    own.b_att = torch.zeros(1, o.subjectChoices)
  end
  params = params or {}
  params[#params + 1] = own

  return function(given, subject, h)
    local p, single = given[1] or given, subject:dim() == 2
    local x = single and subject:view(1, subject:size(1), subject:size(2)) or subject
    local state = h:dim() == 1 and h:view(1, -1) or h
    local batch, features, choices = x:size(1), x:size(2), x:size(3)
    local scores = torch.bmm(p.W_att_subject:expand(batch, 1, features), x):view(batch, choices) + state * p.W_att_h
    if o.layerNormalization then
      scores = normalise({gain = p.focus_ln_gain, bias = p.focus_ln_bias}, scores)
    else
      scores = scores + p.b_att:expandAs(scores)
    end
    local focus = F.softmax(scores, 1)
    local seen = torch.sum(torch.cmul(x, focus:view(batch, 1, choices):expandAs(x)), 3):view(batch, features)
    if single then return seen:view(features), focus:view(choices) end
    return seen, focus
  end, params
end
