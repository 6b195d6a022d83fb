"""The closed lists that the guard reads by: which words are of grammar, which are numbers, which exclude each other.

Every list is finite and stands here, so that what the guard knows can be read, and what is in none of them is a word
like any other. Languages beside English are there as far as a list is cheap.
"""

from collections.abc import Mapping
from typing import Final


def _words(*texts: str) -> frozenset[str]:
    return frozenset(word for text in texts for word in text.split())


TRIVIAL: Final = _words(
    "a an the this that these those it its there here is are am be been being do does done have has having can could "
    "would may might please kindly thanks thank hi hello hey dear just so also very really actually currently now "
    "and then me myself some any ok okay want wants wanted wanna need needs needed know "
    "knowing tell explain describe let wonder wondering understand possible able assistance come happen happened reason reasons way "
    "method process steps try tried trying use using used uses make making made think seem seems like much what which",
    "der die das den dem des ein eine einen einem einer ist sind war bin hat haben habe kann können könnte bitte und "
    "le la les l un une des du est sont ai a et ce cette s'il vous plaît el los las una unos es son está por favor "
    "y il lo gli e o os uma são het een en is zijn",
)
"""Words that a question may have or lack without asking something else."""

PERSONS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        _words("i my mine we our ours us ich mein meine meinen meinem je mon ma mes yo mi mis io mio mia"), "1"
    ),
    **dict.fromkeys(_words("you your yours du dein deine tu ton ta tes usted su sus voi vostro"), "2"),
    **dict.fromkeys(_words("he him his er lui"), "3"),
    **dict.fromkeys(_words("she her hers sie ihr ihre elle ella lei"), "4"),
    **dict.fromkeys(_words("they them their theirs ils ellos"), "5"),
    **dict.fromkeys(_words("else another's others'"), "6"),
}
"""Who is meant: the one who asks, the one who is asked, he, she, they, or somebody else."""

OTHER_PERSONS: Final = frozenset({"§3", "§4", "§6"})
"""Who is not asking: where one question is about such a person and the other is not, they are about two people."""

TENSES: Final[Mapping[str, str]] = {
    **dict.fromkeys(_words("was were did had used"), "past"),
    **dict.fromkeys(_words("will shall ll"), "future"),
    **dict.fromkeys(_words("must mustn"), "duty"),
    **dict.fromkeys(_words("should ought shouldn"), "advice"),
}

ASKING: Final = _words(
    "who whom whose when where why how",
    "wer wen wem wann wo wohin woher warum wieso wie qui quand où pourquoi comment combien quién cuándo dónde cómo cuánto "
    "chi quando dove perché come quanto",
)
"""Words of asking; the one that asks for a thing (what, which) is trivial, for any question can be put with it."""

_ASKED = "who whom whose wer wen wem qui quién chi/when wann quand cuándo quando/where wo wohin woher où dónde dove/why warum wieso pourquoi perché"
ASKED_FOR: Final[Mapping[str, int]] = {
    word: place for place, member in enumerate(_ASKED.split("/")) for word in member.split()
}
"""What a word of asking asks for: a person, a time, a place, a reason. How something is may be any of these."""

SURE: Final = _words("sure know understand certain seem figur tell recogniz recognis remember clear happy")
"""Behind a denial: who asks denies to know, and says nothing of what is asked about."""

DIRECTIONS: Final = _words(
    "from to into onto by than before after over under above below against until since versus vs "
    "von nach zu zum zur gegen durch vor als bis de à vers par contre avant après desde hacia hasta da prima dopo van naar tegen",
)
"""Words that tie the next one to a part that another could not have: where from, where to, by whom, than what."""

TIES: Final = _words(
    "as or via through with for of between towards off out on in at about per up down back away "
    "aus bei mit für chez pour para con di per uit voor en dans sur im am an auf in",
)
"""Words that tie loosely, so that their order and their absence say little."""

NEGATIONS: Final = _words(
    "not no never none nobody nothing nowhere neither nor without cannot cant dont wont isnt doesnt didnt unable impossible fail "
    "failed fails refuse refuses nope hardly barely lack lacks lacking",
    "nicht nichts nie niemals kein keine keinen keinem keiner ohne niemand pas jamais rien aucun aucune sans ni sin "
    "nunca ningún ninguna nada nadie non mai niente nessuno nessuna senza não sem nenhum nenhuma niet geen nooit zonder",
    "не нет ни никогда без 不 没 沒 無 无 未 ない لا ليس नहीं",
)

CONDITIONS: Final = _words(
    "if unless except assuming provided otherwise excluding including although despite ignore disregard forget pretend override",
    "wenn falls außer nur sofern statt obwohl si sauf seulement sinon excepto salvo solo aunque tranne soltanto alleen",
)
"""Words that begin a condition, an exception, or an order to whoever reads."""

MARKS: Final[Mapping[str, str]] = {
    word: line.split()[0]
    for line in """
or oder ou
only solely exclusively merely
all every each everyone everybody everything entire
half halb moitié mitad
partial partially
minus
free frei
last previous past former
next upcoming
north northern
south southern
east eastern
west western
% percent percentage prozent
stop quit ceas
again
another
both beide
little few
latter
pm
""".strip().splitlines()
    for word in line.split()
}
"""Words of which one alone makes another question, by what they say: how much, which, or what it is without."""

EXCEPTIONS: Final = ("other than", "anything but", "everything but", "all but", "aside from", "apart from")
"""What says "except" in several words."""

TURNED: Final[Mapping[str, str]] = {
    **dict.fromkeys(("turn on", "turning on", "turned on", "switch on", "switching on", "switched on"), "enable"),
    **dict.fromkeys(
        ("turn off", "turning off", "turned off", "switch off", "switching off", "switched off"), "disable"
    ),
}
"""What says in two words what one word says."""

_PREFIXES = """
hyper/hypo intro/extro macro/micro intra/inter endo/exo pre/post mono/poly over/under in/ex in/out
im/ex up/down super/sub maxi/mini homo/hetero pro/anti en/de en/dis ante/post for/back
"""
OPPOSITE_PREFIXES: Final = tuple(tuple(pair.split("/")) for pair in _PREFIXES.split())
"""Beginnings that turn one word into the opposite of another."""

BOUNDS: Final = _words("onto before after than until since against over under above below avant après desde hasta vor")
"""Directions of which one alone makes another question, for they say how far something goes."""

PARTICLES: Final = _words("up down in out on off away back")
"""What makes another verb of a verb that it stands behind."""

MAKING: Final = PARTICLES - _words("in on")
"""Of those, which do so wherever they are added; "in" and "on" are as often of a place or a time."""

ABOUT_WORDS: Final = _words(
    "translat conjugat spell pronounc synonym antonym opposit rhym mean meaning word phras verb noun grammar"
)
"""Stems of a question that may be about a word; there no word is trivial but those that such a question is put with."""

TALK: Final = _words(
    "i we you me us it a an the this that my your can could would will please need want have get do is be for to of in with and so as very "
    "much soon possible answer answers reply help advice question urgent urgently asap quick quickly thanks thank cheers regards "
    "hello hi hey appreciate appreciated advance lot many wondering anyone someone know if here just really any some out"
)
"""Words of which a sentence that asks for nothing consists: "Thanks a lot in advance!", "I need an answer soon."."""

IDLE: Final = _words("mean get tak puis peux peut se trouv bleibt befindet puedo puede encuentra мне")
"""Words that name nothing where a question has them beside all that another says: "What does it mean?", "Did it get lost?"."""

PUTTING: Final = _words(
    "what which is does do the a an of please you me tell how in to that it's what's s means meaning mean"
)

CAPITALS: Final = _words(
    "aids aid amazon apple august bath bill bush cancer catholic chase chad china chile cyprus drew eve frank ford gap georgia "
    "grace guinea hope ice it jack jersey job john jordan lent lima liberal mark march may mercury mobile mosaic mosul nice "
    "orange oracle orient pat pentium polish python polo presto ram ray reading rich rob rose ruby rust sat shell sue swift "
    "target titan turkey us visa who will windows word"
)
"""Words that mean another thing with a capital: there a capital tells also where somebody else writes none at all."""

FORMS: Final = _words(
    "poem rhyme haiku song limerick story joke json xml yaml csv html markdown table bullet bullets list essay tweet email "
    "paragraph sentence sentences word words summary summarize summarise translate translation detail detailed details brief briefly short "
    "shortly concise step steps example examples code diagram outline emoji pirate kid child beginner expert simple simply",
)
"""What an answer is to look like, or whom it is for: where one question says so and the other does not, their answers differ."""

_SAME: Final = """
see view check look find show display/fix repair solv resolv/buy purchas order/cancel revert revers undo/chang updat modify edit alter
delet remov eras/creat set open/error problem issu troubl/fee charg cost pric/larg big/quick fast/phon mobil cell telephon
pictur imag photo/film movi/car automobil/job work/begin start/near nearby clos/ill sick/choos pick select/login log sign
function method/folder directory/support assist/money cash fund/declin reject refus/wrong incorrect mistaken/tv televis/several many number
additional extra/enabl activat/disabl deactivat/daily day everyday/finish complet/shop stor/kid child/doctor physician/attorney lawyer/appear show/tall high/saf secur safety/dauert brauch braucht/author wrot writ
"""
SAME: Final[Mapping[str, frozenset[int]]] = {
    word: frozenset(place for place, line in enumerate(_SAME.replace("\n", "/").split("/")) if word in line.split())
    for word in _SAME.replace("/", " ").split()
}
"""Stems that may stand for each other in one place of a question, by the sets they are in."""

NUMBERS: Final[Mapping[str, int]] = {
    **{word: number for number, text in enumerate(
        ("zero null cero nul", "", "two twice both second double zwei zweimal deux dos dois duas twee",
         "three third thrice triple drei trois tres tre três drie", "four fourth vier quatre cuatro quattro quatro",
         "five fifth fünf cinq cinco cinque vijf", "six sixth sechs seis zes", "seven seventh sieben sept siete sette sete zeven",
         "eight eighth acht huit ocho otto oito", "nine ninth neun neuf nueve nove negen", "ten tenth zehn dix diez dieci dez tien",
         "eleven elf onze", "twelve twelfth dozen zwölf douze doce dodici doze twaalf", "thirteen", "fourteen", "fifteen",
         "sixteen", "seventeen", "eighteen", "nineteen"))
       for word in text.split()},
    **{word: number * 10 for number, text in enumerate(
        ("", "", "twenty zwanzig vingt veinte venti", "thirty dreißig trente treinta", "forty vierzig quarante cuarenta",
         "fifty fünfzig cinquante cincuenta", "sixty sechzig soixante sesenta", "seventy siebzig", "eighty achtzig", "ninety neunzig"))
       for word in text.split()},
    "hundred": 100, "hundert": 100, "cien": 100, "thousand": 1000, "tausend": 1000, "mille": 1000, "mil": 1000,
    "million": 10**6, "millionen": 10**6, "billion": 10**9, "milliarde": 10**9, "trillion": 10**12,
}  # fmt: skip
"""Words that are numbers. The one is not among them, for it is as often a pronoun: see `ONE`."""

ONE: Final = _words("one once single ein eins un une uno una um uma een")
"""May stand for the number one or for nothing."""

# Members of a group exclude each other; forms of one member stand between slashes. Words are stems, as `reading.stem` makes them.
_GROUPS: Final = """
monday mon/tuesday tue/wednesday wed/thursday thu/friday fri/saturday sat/sunday sun
january jan/february feb/march/april apr/june jun/july jul/august aug/september sep/october oct/november nov/december dec
spring/summer/autumn fall/winter
morning/noon midday/afternoon/evening/night midnight
am/pm
yesterday/today/tomorrow
north northern/south southern/east eastern/west western
red/orange/yellow/green/blue/purple violet/black/white/grey gray/brown/pink
second sec/minute min/hour hr/day daily/week weekly/month monthly/quarter quarterly/year yearly annual annually/decade/century
millimeter millimetre mm/centimeter centimetre cm/meter metre/kilometer kilometre km/inch/foot feet ft/yard/mile
gram gramme/kilogram kilo kg/pound lb lbs gbp £ sterling/ounce oz/ton tonne
liter litre/milliliter millilitre ml/gallon/pint/cup/tablespoon tbsp/teaspoon tsp
bit/byte/kilobyte kb/megabyte mb/gigabyte gb/terabyte tb
celsius centigrade °c/fahrenheit °f/kelvin
dollar usd $ buck/euro eur €/yen jpy ¥/franc chf/rupee inr/yuan cny/peso/krona/zloty/bitcoin btc/ethereum eth
percent % percentage/permille
english/german/french/spanish/italian/portuguese/dutch/chinese/japanese/korean/russian/arabic/hindi/turkish/polish
python/java/javascript typescript/rust/ruby/php/perl/kotlin/swift/golang go/c++/c#/scala/haskell
mysql/postgresql postgres/sqlite/oracle/mongodb/redis
windows/linux ubuntu/macos mac/android/ios iphone
increase raise grow/decrease reduce lower shrink
open/close shut
enable activate/disable deactivate
lock block freeze/unlock unblock unfreeze
buy purchase/sell
send transfer/receive
deposit/withdraw withdrawal
lend/borrow
import/export
upload/download
encode/decode
encrypt/decrypt
compress/decompress
install/uninstall
connect/disconnect
subscribe/unsubscribe
add append insert/remove delete
allow permit/forbid prohibit ban prevent
accept approve/reject refuse decline deny
start begin launch/stop end finish halt quit
create make build/destroy
win/lose
pass/fail
push/pull
attach/detach
gain/loss
get receive obtain/give
help/hurt harm
love like/hate dislike
before/after
min minimum least fewest smallest lowest/max maximum most largest biggest highest greatest
first/last
current/previou previous former/next upcoming
always/never/sometimes
best/worst
better/worse
more/most/less fewer/least
higher/lower
above/below
up/down
left/right
inside within indoor/outside outdoor
on/off
in/out
front/back
top/bottom
cheap cheaper cheapest inexpensive/expensive pricey costly
fast quick quickly faster speed/slow slowly slower
big large/small little tiny
long longer/short shorter
old older/new newer/young younger
early earlier/late later
high/low
hot warm/cold cool
wet/dry
hard difficult/easy simple
heavy/light
strong/weak
rich/poor
full/empty
public/private
internal/external
legal lawful/illegal unlawful
safe/dangerous unsafe
healthy/unhealthy
true/false
right correct/wrong incorrect
good positive/bad negative
advantage pro benefit/disadvantage con drawback downside
cause reason/effect consequence
input/output
read/write
row/column
client/server
parent/child
ancestor/descendant
male man men boy/female woman women girl
father dad/mother mom mum
brother/sister
son/daughter
husband/wife
king/queen
uncle/aunt
debit/credit
asset/liability
income revenue/expense cost
profit/loss
employer/employee
landlord/tenant
teacher/student
doctor/patient
buyer customer/seller
plaintiff/defendant
singular/plural
ascending/descending
horizontal/vertical
forward/backward
clockwise/counterclockwise anticlockwise
odd/even
even/uneven
acid/base alkaline
absolute/relative
active/passive
manual/automatic
online/offline
local/remote
synchronous sync/asynchronous async
major/minor
urban/rural
domestic/foreign international
arrive arrival/depart departure
enter/exit leave
inhale/exhale
attack/defend
remember/forget
show display/hide
rise/fall
expand/contract
freeze/melt thaw
ja yes/nein no
kaufen/verkaufen
öffnen/schließen
erhöhen/senken verringern
einzahlen/abheben
acheter/vendre
ouvrir/fermer
augmenter/diminuer réduire
comprar/vender
abrir/cerrar
subir aumentar/bajar reducir
"""


def _excluding() -> dict[str, tuple[tuple[int, int], ...]]:
    found: dict[str, list[tuple[int, int]]] = {}
    for group, line in enumerate(_GROUPS.strip().splitlines()):
        for place, member in enumerate(line.split("/")):
            for word in member.split():
                found.setdefault(word, []).append((group, place))
    return {word: tuple(places) for word, places in found.items()}


EXCLUDING: Final[Mapping[str, tuple[tuple[int, int], ...]]] = _excluding()
"""By word: the groups it is in, each with its place there."""

REVERSING: Final = ("un", "in", "im", "il", "ir", "dis", "non", "de", "mis", "anti", "counter", "a", "ab", "mal")
"""What turns a word into its opposite when it stands before it."""
