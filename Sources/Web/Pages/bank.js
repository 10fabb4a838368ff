// Sends a file of statements as it is: the token that is typed goes with it, no cookie counts.
'use strict';
(() => {
  const form = document.getElementById('take');
  const notice = document.getElementById('taken');
  const button = form.querySelector('button');
  const say = (text) => {
    notice.textContent = text;
    notice.hidden = false;
  };
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const file = form.elements.file.files[0];
    const token = form.elements.token.value.trim();
    // The service would cut the connection, and a browser tells no answer then.
    if (file.size > Number(form.dataset.bytesMax)) {
      say(form.dataset.large);
      return;
    }
    button.disabled = true;
    try {
      const language = document.documentElement.lang;
      const path = `/v1/bank/statements?name=${encodeURIComponent(file.name)}&lang=${language}`;
      const answer = await fetch(path, {
        method: 'POST', body: file, credentials: 'omit',
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/xml' },
      });
      if (answer.ok) {
        form.reset();
        location.reload();
        return;
      }
      say((await answer.json()).detail);
    } catch {
      say(form.dataset.failed);
    } finally {
      button.disabled = false;
    }
  });
})();
