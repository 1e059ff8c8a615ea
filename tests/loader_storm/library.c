/* A library with one function, which calls back. Compiled twice, with NAME as hazard_a_entry and as hazard_b_entry: the
   two files are laid out alike, so that one loaded in the place of the other has the same return address. */
int NAME(int (*work)(void *), void *argument)
{
    return work(argument) + 1;
}
