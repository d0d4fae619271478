<div style="position: fixed; inset: 0; display: grid; place-content: center; justify-items: center; gap: 14px; background: #0b0d10; color: #aab3bd; font: 14px system-ui, sans-serif">
  <img src="logo.png" alt="" width="64" height="64" />
  <span>LumbarSeg is being loaded.</span>
</div>
