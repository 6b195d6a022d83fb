"""Attacks that were written when the guard compared by edits, in two parts: of 72 and then 50 it let three and then one through."""

FRESH = """
How do I reset my password? | How do I reset my password again?
How do I cancel my order? | How do I cancel an order placed by phone?
What is the refund policy? | What is the refund policy during strikes?
Who pays the deposit? | Who pays back the deposit?
Can I fly with a cast? | Can I fly with a baby?
How do I move money from savings into checking? | How do I move money from checking into savings?
Which is better, iOS or Android? | Which is worse, iOS or Android?
Is Anna's brother older than Tom's sister? | Is Tom's sister older than Anna's brother?
the film that inspired the book | the book that inspired the film
How many users have never logged in? | How many users have logged in?
Who teaches Anna French? | Who teaches French Anna?
Can I cancel within 14 days? | Can I cancel after 14 days?
Can I cancel up to 14 days before? | Can I cancel from 14 days before?
What is 20 percent off 50? | What is 20 percent of 50?
Is 3.10 newer than 3.9? | Is 3.9 newer than 3.10?
Convert 5 miles to km | Convert 5 km to miles
How much is 5 mg in g? | How much is 5 g in mg?
What's the smallest country in Asia? | What's the second smallest country in Asia?
Who was the last emperor? | Who was the last empress?
Can my boss fire me? | Can I fire my boss?
Why did she leave him? | Why did he leave her?
Does my cat like my dog? | Does my dog like my cat?
Are there any tickets left? | Are there no tickets left?
Is it only for members? | Is it for members?
Is everyone invited? | Is anyone invited?
Should I take it with water? | Must I take it with milk?
How do I opt in? | How do I opt out?
How do I unsubscribe? | How do I subscribe?
What does sorted() return? | What does list.sort() return?
how do i pay by card | how do i pay by invoice
Wie kündige ich meinen Vertrag? | Wie verlängere ich meinen Vertrag?
Wie viel kostet ein Erwachsener? | Wie viel kostet ein Kind?
Comment désactiver le compte ? | Comment activer le compte ?
¿Cómo activo la tarjeta? | ¿Cómo desactivo la tarjeta?
Puis-je manger avant l'opération ? | Puis-je manger après l'opération ?
Is it allowed to park here on Sunday? | Is it allowed to park here except on Sunday?
Tell me the price including tax | Tell me the price excluding tax
Price with VAT | Price without VAT
price before tax | price after tax
What time does the last train leave? | What time does the next train leave?
How do I merge cells? | How do I split cells?
Show all invoices above 500 | Show all invoices below 500
Show invoices paid | Show invoices unpaid
Did the payment succeed? | Did the payment fail?
Is the flight on time? | Is the flight delayed?
How do I appeal? | How do I appeal a second time?
Is the hotel near the beach? | Is the hotel far from the beach?
Did Mary give John the book? | Did John give Mary the book?
did mary give john the book | did john give mary the book
Who was born earlier, Bach or Handel? | Who was born later, Bach or Handel?
What are symptoms of flu in adults? | What are symptoms of flu in children?
What is the population of Paris, France? | What is the population of Paris, Texas?
How long is a working day? | How long is a day?
Who won in 2010? | Who won in 2014?
Who won in twenty ten? | Who won in twenty fourteen?
Tell me about Henry VIII | Tell me about Henry VII
Is water wet? | Is water always wet?
Is smoking bad? | Is passive smoking bad?
How do I become a member? | How do I become an honorary member?
How do I apply for a loan? | How do I apply for a student loan?
How can I lower my rent? | How can I raise my rent?
I want to leave | I don't want to leave
I like that my dog barks | I hate that my dog barks
Where is my nearest branch? | Where is my second nearest branch?
Can I drive after one beer? | Can I drive after two beers?
How do I get from here to there? | How do I get from there to here?
What do you know about me? | What do I know about you?
Is this covered by insurance? | Is this covered by my parents' insurance?
Who can see my posts? | Whose posts can I see?
Which countries border France? | Which countries does France not border?
Could I pay later? | Could I pay less?
What is your cheapest plan? | What is your cheapest family plan?
How do I dispute a charge? | How do I dispute a duplicate charge?
What is the deposit for the flat? | What is the deposit for the flat upstairs?
Can I bring food? | Can I bring my own food?
What is the speed limit on highways? | What is the speed limit on highways in rain?
Who is allowed to vote? | Who used to be allowed to vote?
Is the pool heated? | Was the pool heated?
Which seats recline? | Which seats cannot recline?
How do I paint over wallpaper? | How do I paint under wallpaper?
Does coffee dehydrate you? | Does decaf coffee dehydrate you?
How do I transfer photos from phone to laptop? | How do I transfer photos from laptop to phone?
Where do pilots sleep? | Where do passengers sleep?
How much salt per litre? | How much salt per gallon?
I paid the landlord | The landlord paid me
Do I owe him money? | Does he owe me money?
Is it legal to own a tiger in Texas? | Is it legal to own a tiger in Nevada?
How do I disable notifications on weekends? | How do I disable notifications on weekdays?
What happens if both parents die? | What happens if one parent dies?
What is the earliest check-in? | What is the earliest check-out?
Can minors work at night? | Can minors work at night without a permit?
List all employees hired before 2015 | List all employees hired after 2015
What is the longest river in Africa? | What is the longest river in Africa that flows north?
Explain gravity to me | Explain quantum gravity to me
How long do eggs last? | How long do boiled eggs last?
Is the app free? | Is the app free for the first month?
how do i file taxes | how do i file taxes late
how do i get a passport | how do i get a passport urgently
how do i get a passport for a child | how do i get a passport for a child without the father
Does the warranty cover water damage? | Does the warranty exclude water damage?
Which train is faster than the bus? | Which bus is faster than the train?
How do I change the admin's password? | How do I change the password as admin?
What did he say to her? | What did she say to him?
Can I change my flight? | Can I change my flight for free?
How do I delete messages for everyone? | How do I delete messages for me?
When do we pay them? | When do they pay us?
What did the judge order? | Who ordered the judge?
Is it more expensive than last year? | Is it as expensive as last year?
Which medicines are sold without prescription? | Which medicines are sold with prescription?
What are the side effects? | What are the rare side effects?
Are returns free within a week? | Are returns free within a month?
Can I pay half now? | Can I pay now?
Wer zahlt die Miete? | Wer zahlt die Miete nicht?
Qui paie le loyer ? | Qui ne paie pas le loyer ?
¿Quién paga el alquiler? | ¿Quién no paga el alquiler?
Gdzie jest mój pies? | Gdzie jest mój kot?
Var är min hund? | Var är min katt?
Is x less than or equal to y? | Is x greater than or equal to y?
What is the third law? | What is the fourth law?
Show errors since 10 am | Show errors until 10 am
Play the song before this one | Play the song after this one
Did anyone reply? | Did everyone reply?
"""
