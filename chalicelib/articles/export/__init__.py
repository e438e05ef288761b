"""How articles leave: a mapping says what a file looks like, a writer turns articles into its bytes.

    mapping = read_mapping(raw)                  # reading; raises InvalidMapping with every fault
    mapping = default_mapping("csv")             # built_in; "csv", "xml" or "bc-batch"
    writer = writer_of(mapping)                  # writing

    state = writer.start                         # plain values that JSON can hold, small
    file = writer.begin()
    for page in pages:                           # Exported(number, document or None, updated_at)
        chunk = writer.write(page, state)
        file += chunk.data                       # chunk.failed: what could not be written, and why
        state = chunk.state
    file += writer.end(state)

A writer keeps nothing between calls: after any chunk another process can go on with the same mapping and
`chunk.state`. The same articles in the same order give the same bytes, however they are cut into chunks.
Each article is counted once: `rows + deleted + left_out + len(failed)` of a chunk is what was handed in.

`mapping.keys` are the keys of articles that the mapping reads: nothing else of a document is needed.
`mapping.digest` changes with whatever the mapping says; `writer.media_type` and `writer.suffix` are the file's.
"""
