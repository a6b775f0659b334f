"""What answers over HTTP: the page's own API, OpenAI's and Stable Diffusion web UI's, behind one guard."""
