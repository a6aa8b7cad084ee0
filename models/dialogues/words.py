"""Names, words and codes. A fixed share of them, chosen by hash, is held out: never in training, nor in the tokenizer's
corpus, only in the evaluation. `held` asks for held-out ones, otherwise they are avoided."""

import hashlib
import json
import re
from pathlib import Path

HELD_OUT_PERCENT = 15

NAMES = """Alice Bob Carol David Emma Frank Grace Henry Isabel Jack Kate Liam Mia Noah Olivia Peter Quinn Rosa Sam Tina Uma
Victor Wendy Xavier Yara Zoe Adam Anna Ben Bella Carlos Clara Daniel Diana Elena Eric Fatima Felix George Hannah Ian Ivy James
Julia Kevin Laura Leo Lucas Lucy Maria Mark Martin Max Nadia Nina Oscar Paul Paula Rachel Ravi Robert Ruth Sara Simon Sofia
Stella Thomas Tom Vera Walter Will Yusuf Ahmed Aisha Amir Ana Andre Anton Astrid Bruno Chen Chloe Dmitri Ella Erik Eva Gabriel
Hana Hugo Ines Ingrid Ivan Jamal Jan Jin Joan John Jonas Jose Juan Kai Karim Keiko Kofi Lars Layla Lena Lin Linda Luca Luis
Magda Marco Mary Mateo Mei Mohamed Naomi Nikolai Omar Pablo Petra Priya Rafael Raj Rita Samira Sanjay Sven Tariq Theo Umar
Viktor Wei Yuki Zara Amy Andrew Brian Charlie Chris Claire Dan Dave Edward Ellen Fiona Fred Gary Helen Jane Jenny Jessica Jim
Joe Karen Ken Kim Larry Lisa Louise Matt Megan Mike Monica Nancy Nick Pam Pat Phil Rob Ron Rose Ryan Sandra Sarah Sean Steve
Sue Susan Ted Tim Tony Tracy Vince Zack Abby Alan Alex Amelia Barbara Bill Cathy Dennis Doris Eddie Elsa Ethan Gina Glen Gwen
Harry Heidi Irene Jason Jill Josh Judy Justin Kyle Leah Logan Maggie Mason Maya Molly Nora Owen Penny Ray Rick Roy Sally Scott
Sophie Tara Toby Wade Wanda Wayne""".split()

WORDS = """apple river stone cloud table window garden candle mirror bottle basket hammer ladder pencil paper button pocket
jacket blanket pillow carpet kettle spoon fork knife plate bowl lamp chair sofa door floor roof wall brick bridge tower castle
village forest meadow mountain valley ocean island beach desert canyon glacier volcano planet comet rocket satellite engine
wheel pedal handle lever pulley magnet battery cable socket switch signal screen keyboard monitor printer camera radio
violin trumpet piano drum guitar flute banjo cello harp melody rhythm chorus verse poem novel chapter letter envelope
stamp parcel ticket ladle oven bakery market butcher grocer tailor cobbler potter weaver sailor captain pilot farmer miner hunter
fisher baker doctor nurse teacher lawyer judge clerk banker writer painter singer dancer actor king queen prince knight wizard
dragon giant dwarf goblin ghost monster robot alien tiger lion zebra giraffe elephant monkey panda koala kangaroo rabbit
squirrel hedgehog badger otter beaver dolphin whale shark octopus lobster turtle lizard snake frog spider beetle butterfly
dragonfly ant bee wasp eagle falcon owl parrot penguin pigeon swan goose duck chicken turkey horse donkey camel sheep goat
cow pig dog cat mouse hamster banana cherry orange lemon lime mango papaya peach pear plum grape melon berry coconut
almond walnut peanut carrot potato tomato onion garlic pepper cucumber lettuce spinach cabbage broccoli pumpkin bean lentil rice
pasta noodle bread butter cheese cream yogurt honey sugar salt cinnamon ginger vanilla chocolate coffee tea juice water milk
soup salad sandwich pizza burger pancake waffle muffin cookie cake pie pudding summer winter spring autumn morning evening
midnight sunrise sunset rainbow thunder lightning storm breeze blizzard snow rain frost fog shadow silver golden copper iron
steel bronze crystal diamond emerald ruby pearl amber velvet cotton linen silk leather marble granite clay sand dust ember
happy sad angry brave calm clever eager fancy gentle humble jolly kind lively merry nervous proud quiet rapid silly tidy
useful vivid warm young ancient bitter bright broken clean cold crisp curly dark deep dry early empty fast flat fresh full
green heavy hollow hot huge large late light little long loud lucky narrow new old pale plain pretty purple quick red rich
round rough sharp short shy simple slow small smooth soft sour square stiff strange strong sweet tall thick thin tiny wet
white wide wild wise yellow jump run walk swim climb dance sing write read draw paint build carry catch throw push pull open
close start stop begin finish learn teach think dream sleep wake eat drink cook bake wash clean fix break find lose buy sell
give take send bring hold drop lift turn move stay leave return travel visit listen speak whisper shout laugh cry smile frown
science history music art school office kitchen bedroom library museum station airport harbor hospital church temple theater
stadium park street avenue corner circle triangle number letter question answer problem reason secret story journey adventure
treasure compass map lantern anchor harvest orchard festival parade holiday birthday present balloon puzzle riddle magic
wonder freedom justice honor courage wisdom patience hope memory future moment minute second hour week month year century""".split()
WORDS = sorted(set(WORDS))

CITIES = """Paris London Berlin Madrid Rome Lisbon Vienna Prague Warsaw Oslo Stockholm Helsinki Copenhagen Dublin Brussels
Amsterdam Athens Budapest Zurich Geneva Milan Naples Barcelona Porto Lyon Hamburg Munich Krakow Tokyo Osaka Kyoto Seoul
Beijing Shanghai Mumbai Delhi Bangkok Hanoi Manila Jakarta Sydney Melbourne Auckland Toronto Montreal Vancouver Boston Chicago
Seattle Denver Austin Dallas Houston Miami Atlanta Portland Phoenix Cairo Lagos Nairobi Accra Tunis Lima Bogota Quito Santiago
Istanbul Ankara Dubai Tehran Kabul Riga Vilnius Tallinn Sofia Zagreb Glasgow Leeds Bristol Cardiff Utrecht Ghent Turin
Florence Seville Valencia Texas Canada France Germany Spain Italy Japan India Brazil Mexico Kenya Norway Sweden""".split()

JOBS = """teacher nurse doctor lawyer baker farmer pilot plumber electrician carpenter chef waiter painter musician writer
engineer programmer designer scientist librarian mechanic gardener dentist accountant architect photographer journalist
translator driver sailor soldier firefighter student actor singer dancer tailor butcher florist barber cashier manager
developer chemist biologist astronomer surgeon vet postman fisherman potter goldsmith banker judge""".split()

COLORS = """red blue green yellow orange purple pink brown black white grey teal turquoise crimson magenta violet indigo
maroon navy olive gold silver beige coral lavender cyan scarlet amber lilac mint""".split()

ANIMALS = """dog cat horse rabbit tiger lion elephant dolphin whale otter fox wolf bear panda koala owl eagle parrot penguin
turtle frog snake lizard hamster mouse giraffe zebra monkey squirrel hedgehog goat sheep donkey camel swan""".split()

FOODS = """pizza pasta sushi curry soup salad rice bread cheese chocolate pancakes tacos ramen dumplings burgers lasagna
noodles steak fish chicken falafel hummus paella risotto goulash kebab waffles cookies apples bananas cherries mangoes
strawberries tomatoes potatoes coffee tea lemonade cocoa milk""".split()

HOBBIES = """chess football tennis swimming running cycling hiking climbing reading painting drawing singing dancing cooking
baking gardening fishing sailing skiing knitting sewing photography gaming yoga running karate judo golf hockey basketball
volleyball badminton pottery origami astronomy juggling surfing skating""".split()

LANGUAGES = """English Spanish French German Italian Portuguese Dutch Polish Czech Swedish Norwegian Danish Finnish Greek
Turkish Arabic Hebrew Hindi Urdu Bengali Tamil Chinese Japanese Korean Thai Vietnamese Swahili Zulu Russian Hungarian""".split()

MONTHS = "January February March April May June July August September October November December".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
SEASONS = "spring summer autumn winter".split()

ONSETS = "b c d f g h j k l m n p r s t v w y z br ch cl dr fl fr gl gr kr pl pr qu sh sk sl st th tr vl zh".split() + [""] * 3
VOWELS = "a e i o u a e i o u ai ea ee ia ie io oa ou ya".split()
CODAS = ["", "", "", "", "n", "r", "l", "s", "m", "t", "k", "x", "nd", "rt", "sh", "ck", "th", "ng", "v", "d"]
COMPANY_ENDS = "Corp Inc Ltd Labs Group Systems Bank Foods Studio Works Media Software Motors Energy Books Partners".split()


def is_held_out(text: str) -> bool:
    digest = hashlib.blake2b(text.lower().encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") % 100 < HELD_OUT_PERCENT


def choose(rng, pool, held: bool) -> str:
    while True:
        word = rng.choice(pool)
        if is_held_out(word) == held:
            return word


def letter_tokens() -> list[str]:
    """The tokenizer's pieces of letters; a word in the usual English ones comes apart into these."""
    path = Path(__file__).parent.parent / "tokenizer.json"
    tokens = json.loads(path.read_text())["model"]["vocab"] if path.exists() else {}
    return sorted({t.removeprefix("\u0120") for t in tokens if re.fullmatch("\u0120?[a-z]{2,}", t)}) or WORDS


LETTER_TOKENS = letter_tokens()
SHORT_TOKENS = [t for t in LETTER_TOKENS if len(t) <= 4]


def pieced(rng) -> str:
    """One to three tokens in a row, most of them short: a reply has to know how each is copied and spelled."""
    while True:
        tokens = [rng.choice(SHORT_TOKENS if rng.random() < 0.75 else LETTER_TOKENS) for _ in range(rng.choice([1, 2, 2, 2, 3]))]
        text = "".join(tokens)
        if 3 <= len(text) <= 12 and not is_held_out(text):
            return text


def invented(rng, held: bool, syllables=(1, 2, 2, 2, 3, 3)) -> str:
    """A word nobody has seen, lower case: of syllables, in training as often of the tokenizer's pieces."""
    if not held and rng.random() < 0.5:
        return pieced(rng)
    while True:
        word = "".join(rng.choice(ONSETS) + rng.choice(VOWELS) + rng.choice(CODAS) for _ in range(rng.choice(syllables)))
        if 3 <= len(word) <= 11 and is_held_out(word) == held:
            return word


def name(rng, held: bool) -> str:
    """First name; in training 60% invented, a few as people type them in haste."""
    if held:
        return choose(rng, NAMES, True) if rng.random() < 0.4 else invented(rng, True).capitalize()
    picked = choose(rng, NAMES, False) if rng.random() < 0.4 else invented(rng, False).capitalize()
    return picked.lower() if rng.random() < 0.1 else picked


def word(rng, held: bool) -> str:
    return choose(rng, WORDS, held) if rng.random() < (0.65 if held else 0.4) else invented(rng, held)


def company(rng, held: bool) -> str:
    first = invented(rng, held).capitalize() if rng.random() < 0.6 else choose(rng, WORDS, held).capitalize()
    if not held and rng.random() < 0.06:
        first = rng.choice(["Acme", "Globex", "Initech"])
    return first + " " + rng.choice(COMPANY_ENDS) if rng.random() < 0.75 else first


def code(rng, held: bool) -> str:
    """Digits, letters and digits, or a word."""
    while True:
        kind = rng.random()
        if kind < 0.55:
            text = "".join(rng.choice("0123456789") for _ in range(rng.choice([3, 4, 4, 4, 5, 6])))
        elif kind < 0.7:
            letters = "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(rng.choice([1, 2, 3])))
            text = letters + rng.choice(["", "", "-"]) + "".join(rng.choice("0123456789") for _ in range(rng.choice([2, 3, 4])))
        elif kind < 0.8:
            text = word(rng, held) + str(rng.randint(1, 99))
        else:
            text = word(rng, held)
        if is_held_out(text) == held:
            return text


def article(noun: str) -> str:
    return ("an " if noun[0].lower() in "aeiou" else "a ") + noun


def plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "sh", "ch", "x")) else "s")
