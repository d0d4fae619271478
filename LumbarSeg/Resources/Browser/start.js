// Asks for a session and goes to it; says why where there is none.
const says = document.getElementById("says");
const again = document.getElementById("again");

async function start() {
  again.hidden = true;
  says.textContent = "Starting your session …";
  try {
    const answer = await fetch("sessions", { method: "POST" });
    const { url, error } = await answer.json();
    if (url) {
      window.location.replace(url);
      return;
    }
    says.textContent = error;
  } catch {
    says.textContent = "LumbarSeg does not answer; see whether it still runs.";
  }
  again.hidden = false;
}

again.addEventListener("click", start);
start();
