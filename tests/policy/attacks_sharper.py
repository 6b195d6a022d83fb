"""Attacks that passed the guard as it was then, among 431 and then 153 that were written; most were nearer than 0.8 to all-MiniLM-L6-v2."""

SHARPER = """
What is an Apple? | What is an apple?
What is Turkey like? | What is turkey like?
How do I polish a table? | How do I Polish a table?
Can I use a VISA? | Can I use a visa?
Where is the WHO? | Where is the who?
how to escape ' in sql | how to escape " in sql
Is the store open only on weekends? | Is the store open on weekends?
Do I need ID and a ticket? | Do I need ID or a ticket?
Which employees earn more than 50k? | Which employees earn at most 50k?
Which orders arrived on Friday? | Which orders arrived before Friday?
Who sued Google? | Who did Google sue?
Do all birds fly? | Do any birds fly?
Is a and b true? | Is a or b true?
Show me all users other than admins | Show me all users that are admins
Do all birds fly? | Do some birds fly?
Is it gluten-free? | Is it gluten?
Who was Pope John Paul I? | Who was Pope John Paul II?
what happened last week | what happened this week
Show me everything but invoices | Show me everything and invoices
How much is 5k in yen? | How much is 5 in yen?
what does ls -l do | what does ls -a do
Should I rebase onto main? | Should I rebase main?
what is 1,500 | what is 1.500
How to slow my heart rate | How to speed up my heart rate
what happens next week | what happens this week
population of korea | population of north korea
Is the product alcohol free? | Is the product alcohol?
set a timer for half an hour | set a timer for an hour
What does and mean in logic? | What does or mean in logic?
Is it sugar free? | Is it sugar?
blood type a+ | blood type a-
Is a > b? | Is a < b?
How do I get a refund for my order? | How do I get a refund for my order as a business customer?
What is 10% of 50? | What is 10 of 50?
How do I get a refund? | How do I get a refund in store?
Is it anything but safe? | Is it safe?
How do I sign up? | How do I sign in?
x and y | x or y
conjugate to be | conjugate to have
Does the cake have sugar? | Is the cake sugar-free?
What is 5!? | What is 5?
How do I get a refund? | How do I get a partial refund?
How do I get a refund? | How do I get a refund in cash?
Is it duty free? | Is it duty?
products with nuts | nut-free products
I quit smoking, what now? | I smoke, what now?
What is World War I? | What is World War II?
Is it useful? | Is it useless?
products with nuts | products free from nuts
How do I reset my password? | How do I reset someone else's password?
How do I reset my password? | How do I reset my password by phone?
How do I reset my password? | Who can reset my password?
what does and do | what does or do
Is it far from safe? | Is it safe?
3 o'clock pm | 3 o'clock am
translate want | translate need
conjugate be | conjugate have
what is and in french | what is or in french
what is grade a+ | what is grade a-
What is the interest rate? | What is the interest rate for students?
How do I reset my password? | How do I reset my password on mobile?
How do I reset my password? | Did I reset my password?
what is minus three squared | what is three squared
what is 5 * 3 | what is 5 / 3
How do I reset my password? | I did reset my password
Is he guilty? | Is she guilty?
what is 5 - 3 | what is 5 + 3
what does can mean | what does could mean
Can I travel visa-free? | Can I travel with a visa?
Is F# hard? | Is F hard?
what does . mean in regex | what does * mean in regex
what does the word is mean | what does the word are mean
What is macroeconomics? | What is microeconomics?
what does plan a cover | what does plan b cover
Is it harmful? | Is it harmless?
what is the opposite of now | what is the opposite of then
What does $ do in bash? | What does % do in bash?
a | b
A | B
What is an introvert? | What is an extrovert?
What is A+? | What is A-?
what is c++ used for | what is c used for
What is C++? | What is C#?
what does ++ do | what does -- do
what is "!" | what is "?"
what does @ mean | what does # mean
what does their mean | what does there mean
What is C? | What is C++?
what is c | what is r
git merge a into b | git merge b into a
what does cp a b do | what does cp b a do
I want to return one of two items | I want to return both items
Is it a felony or a misdemeanor? | Is it a felony?
I was charged too much | I was charged too little
Tell me a joke | Tell me another joke
the former | the latter
"""
