"""The installed program itself: is it what was released, and what is it made of?

`edge-agent program` compares every installed file with the list that its package brought along;
`edge-agent sbom` prints what it is made of.  A running agent starts the first as a child, soon
after its own start and once a day, and makes an event of what it says.

What this can tell: a file that was changed, removed or added, and a digest by which the center
knows its releases.  What it cannot: whoever may write the program's folder may also change this
check, or the list.  Only the digest that the center compares is beyond his reach, and only as long
as he does not answer in the check's place.  The interpreter and its standard library are the
system's packages, and theirs to check (`debsums`).
"""
