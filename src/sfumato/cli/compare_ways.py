"""The ways to make pictures that are compared, in the words of someone who explains them to a beginner."""

from dataclasses import dataclass
from typing import Final

from sfumato.evaluation.comparison import Kind


@dataclass(frozen=True)
class Explained:
    """All of it text."""

    role: str
    what: str
    losses: str  # what its charts show
    quantity: str  # the name of their values
    again: str  # of the held-out pictures made again; nothing where it cannot
    works: str  # of what it makes of noise
    can: str
    cannot: str
    evolution: str
    lesson: str


EXPLAINED: Final[dict[Kind, Explained]] = {
    "autoencoder": Explained(
        role="an ordinary network that copies",
        what="It is shown a picture, squeezes it into fewer and coarser places, and builds it up again. It is told how "
        "far its copy is from what it was shown, and changes a little so that the next copy is nearer. The layers are "
        "those of a well-known web article on making art with diffusion models; but nothing in it is ever noised, and "
        "what it learns is to copy.",
        losses="The error is how far its copies are from the pictures.",
        quantity="error",
        again="Above, pictures that it never saw in training; below, its copies.",
        works="It is no generative model: it answers a picture with a picture and has none of its own. Shown noise, it "
        "does with it what it does with everything. This is what came out.",
        can="Copy a picture it has never seen, in one pass, and so serve to shrink, clean or compress pictures.",
        cannot="Invent one. It never learned which pictures are likely, only how to repeat what is in front of it.",
        evolution="The same pictures copied again and again while it was trained; time runs from left to right.",
        lesson="To copy well is not to create. A network can have a small error and still have nothing to say when "
        "there is nothing to copy.",
    ),
    "gan": Explained(
        role="a forger and a judge",
        what="Two networks play against each other (a generative adversarial network, Goodfellow and others, 2014). "
        "The forger turns a handful of random numbers into a picture and never sees a real one. The judge sees real "
        "and forged ones and says which is which. The forger learns from the judge what gives it away; the judge "
        "learns from the forger’s mistakes.",
        losses="There is no error to go down here: each player has a loss that depends on the other.",
        quantity="loss",
        again="",
        works="Random numbers, turned into pictures in a single pass.",
        can="Make a picture at once, in one pass, and a sharp one if the contest goes well.",
        cannot="Take up a picture of yours: there is no way in. And it may settle on a few pictures that please the "
        "judge and make those over and over (mode collapse): look whether its works resemble each other.",
        evolution="The same random numbers turned into pictures while it was trained; time runs from left to right.",
        lesson="A contest can teach without anyone saying what a good picture is. It is also hard to keep in balance, "
        "and its losses do not tell how good the pictures are.",
    ),
    "diffusion": Explained(
        role="from noise, step by step",
        what="It is shown pictures under noise, from a light veil to nothing but noise, and learns to guess the clean "
        "picture behind it. To make a new one it begins with pure noise, guesses, takes away a part of the noise, and "
        "looks again. After some tens of such steps nothing is left but a picture.",
        losses="The error is how far its guesses are from the clean pictures, over all strengths of noise: even a "
        "perfect guesser would have some, since noise hides things for good.",
        quantity="error",
        again="Above, pictures that it never saw in training; below, the same, noised until little but the large forms "
        "was left, and refined back. They are meant to differ: it kept what was to be seen, and made up the rest.",
        works="Pure noise, refined into pictures in steps.",
        can="Invent pictures, take up one of yours and change it as much or as little as you wish.",
        cannot="Make one in a single pass: every work takes many. It knows nothing but the pictures that it learned "
        "from, and it does not know what they mean.",
        evolution="The same noise refined by the model as it was then; time runs from left to right.",
        lesson="To remove a little noise is a task that can be learned from any picture, and repeated it becomes the "
        "making of new ones.",
    ),
}
