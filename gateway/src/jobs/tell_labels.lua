-- Stores labels before they are published, all or none: none if another one was sent before for one of the ids.
--
-- ARGV     the beginning of all keys, seconds that a label is kept, then for each job its id and its label
-- Returns  for each id the label that was sent first

local prefix, seconds = ARGV[1], ARGV[2]
local firsts, news, differs = {}, {}, false
for i = 3, #ARGV, 2 do
  local told = prefix .. 'told:' .. ARGV[i]
  local first = redis.call('GET', prefix .. 'label:' .. ARGV[i]) or redis.call('GET', told)
  if not first then
    news[told] = ARGV[i + 1]
  end
  firsts[#firsts + 1] = first or ARGV[i + 1]
  differs = differs or firsts[#firsts] ~= ARGV[i + 1]
end
if not differs then
  for told, label in pairs(news) do
    redis.call('SET', told, label, 'EX', seconds)
  end
end
return firsts
